"""What every DAG folder guarantees: no write and no deletion over somebody else's change."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from reconciler.adapters.memory import MemoryDagFolder
from reconciler.adapters.s3_dag_folder import S3DagFolder
from reconciler.model.errors import Conflict, Terminal
from reconciler.model.reason import Reason
from reconciler.ports import DagFolder


@pytest.fixture(params=["twin", "s3"])
def folder(request: pytest.FixtureRequest) -> DagFolder:
    if request.param == "twin":
        return MemoryDagFolder()
    client = request.getfixturevalue("aws").client("s3")
    client.create_bucket(Bucket="dev-airflow", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    client.put_object(Bucket="dev-airflow", Key="plugins/not-ours.zip", Body=b"")
    client.put_object(Bucket="dev-airflow", Key="dags/", Body=b"")
    return S3DagFolder(client, "dev-airflow", "dags/")


def test_an_empty_folder_lists_nothing(folder: DagFolder) -> None:
    assert dict(folder.list()) == {}


def test_a_written_file_is_listed_and_read(folder: DagFolder) -> None:
    etag = folder.put("one.py", b"one", None)
    nested = folder.put("_releases/a.tar.gz", b"", None)
    assert dict(folder.list()) == {"one.py": etag, "_releases/a.tar.gz": nested}
    assert (folder.read("one.py"), folder.read("_releases/a.tar.gz")) == (b"one", b"")


def test_an_absent_file_reads_as_none(folder: DagFolder) -> None:
    assert folder.read("absent.py") is None


def test_equal_bodies_have_equal_etags_and_others_do_not(folder: DagFolder) -> None:
    one, same, other = (folder.put(f"{n}.py", body, None) for n, body in enumerate((b"x", b"x", b"y")))
    assert one == same != other


def test_a_file_that_exists_is_not_created_again(folder: DagFolder) -> None:
    folder.put("one.py", b"theirs", None)
    with pytest.raises(Conflict) as refused:
        folder.put("one.py", b"ours", None)
    assert refused.value.reason is Reason.DRIFT_DETECTED
    assert "one.py" in str(refused.value)
    assert folder.read("one.py") == b"theirs"


def test_a_write_whose_answer_was_lost_may_be_repeated(folder: DagFolder) -> None:
    first = folder.put("one.py", b"ours", None)
    assert folder.put("one.py", b"ours", None) == first
    second = folder.put("one.py", b"newer", first)
    assert folder.put("one.py", b"newer", first) == second
    assert folder.read("one.py") == b"newer"


def test_a_file_is_replaced_only_as_it_was_seen(folder: DagFolder) -> None:
    seen = folder.put("one.py", b"1", None)
    newer = folder.put("one.py", b"2", seen)
    with pytest.raises(Conflict):
        folder.put("one.py", b"3", seen)
    assert folder.read("one.py") == b"2"
    assert folder.list()["one.py"] == newer


def test_a_deleted_file_is_not_replaced(folder: DagFolder) -> None:
    seen = folder.put("one.py", b"1", None)
    folder.delete("one.py", seen)
    with pytest.raises(Conflict):
        folder.put("one.py", b"2", seen)
    assert folder.read("one.py") is None


def test_a_file_is_deleted_only_as_it_was_seen(folder: DagFolder) -> None:
    seen = folder.put("one.py", b"1", None)
    folder.put("one.py", b"2", seen)
    with pytest.raises(Conflict):
        folder.delete("one.py", seen)
    assert folder.read("one.py") == b"2"
    folder.delete("one.py", folder.list()["one.py"])
    assert dict(folder.list()) == {}


def test_deleting_what_is_absent_is_fine(folder: DagFolder) -> None:
    folder.delete("absent.py", '"0123"')


def test_of_many_creators_one_wins(folder: DagFolder) -> None:
    def race(body: bytes) -> bytes | None:
        try:
            folder.put("one.py", body, None)
        except Conflict:
            return None
        return body

    with ThreadPoolExecutor(8) as pool:
        winners = [body for body in pool.map(race, [b"%d" % n for n in range(16)]) if body]
    assert winners == [folder.read("one.py")]


def test_more_than_a_page_of_files_is_listed(folder: DagFolder) -> None:
    for number in range(1_005):
        folder.put(f"{number:04}.py", b"", None)
    assert len(folder.list()) == 1_005


def test_a_missing_bucket_says_what_to_do(aws) -> None:  # type: ignore[no-untyped-def]
    absent = S3DagFolder(aws.client("s3"), "absent-bucket")
    for call in (absent.list, lambda: absent.read("x"), lambda: absent.put("x", b"", None)):
        with pytest.raises(Terminal, match=r"absent-bucket.*Deploy the stack"):
            call()

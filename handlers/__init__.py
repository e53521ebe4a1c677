"""Lambda entry points: each decodes its event, makes one call and maps the outcome. Nothing else."""

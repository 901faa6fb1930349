"""Stores for measurements: made empty, filled without a trial being run, and what their
server has used."""

import os
from pathlib import Path

import sqlalchemy

TICKS = os.sysconf("SC_CLK_TCK")

NAMES = "abcde"
DISTRIBUTIONS = {
    "a": '{"name": "FloatDistribution", "attributes": {"step": null, "low": -5.0, "high": 5.0, "log": false}}',
    "b": '{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-05, "high": 1.0, "log": true}}',
    "c": '{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 1.0, "log": false}}',
    "d": '{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 1, "high": 64}}',
    "e": '{"name": "CategoricalDistribution", "attributes": {"choices": ["x", "y", "z"]}}',
}
# A number in [0, 1) for a trial, the same in every dialect.
SHARE = "(trial_id * 7919 % 10007) / 10007.0"
VALUES = {
    "a": f"{SHARE} * 10 - 5",
    "b": f"0.00001 + {SHARE} * 0.9",
    "c": SHARE,
    "d": "1 + trial_id * 7919 % 64",
    "e": "trial_id * 7919 % 3",
}


def python_url(url):
    """The URL with the driver that is installed for Python."""
    for scheme, driver in (("postgresql://", "postgresql+psycopg2://"), ("mysql://", "mysql+pymysql://")):
        if url.startswith(scheme):
            return driver + url.removeprefix(scheme)
    return url


def engine(url):
    return sqlalchemy.create_engine(python_url(url), isolation_level="AUTOCOMMIT")


def execute(url, *statements):
    """Executes them, each a transaction; the first row of the last one, if it has any."""
    opened = engine(url)
    with opened.connect() as connection:
        for statement in statements:
            done = connection.execute(sqlalchemy.text(statement))
        row = done.first() if done.returns_rows else None
    opened.dispose()
    return row


def fresh(store, server, folder, program):
    """The URL of an empty store for a program: of a kind such as `sqlite`, on the server of
    a URL or in a folder."""
    name = f"bench_{program}"
    if store in ("sqlite", "journal"):
        path = Path(folder) / f"{name}.{store}"
        for ending in ("", "-wal", "-shm", "-journal", ".lock"):
            Path(f"{path}{ending}").unlink(missing_ok=True)
        return f"{store}:///{path}"
    execute(server, f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name}")
    return server.rsplit("/", 1)[0] + f"/{name}"


def fill(url, study, n_trials, n_params):
    """Gives an empty study finished trials, in SQLite or PostgreSQL; the first five
    parameters are those that workers suggest."""
    (study_id,) = execute(url, f"SELECT study_id FROM studies WHERE study_name = '{study}'")
    statements = [
        f"""INSERT INTO trials (number, study_id, state, datetime_start, datetime_complete)
        WITH RECURSIVE numbers (number) AS
        (SELECT 0 UNION ALL SELECT number + 1 FROM numbers WHERE number + 1 < {n_trials})
        SELECT number, {study_id}, 'COMPLETE', '2026-01-01 00:00:00.123456',
        '2026-01-01 00:00:01.654321' FROM numbers""",
        f"""INSERT INTO trial_values (trial_id, objective, value, value_type)
        SELECT trial_id, 0, {SHARE}, 'FINITE' FROM trials WHERE study_id = {study_id}""",
    ]
    for at in range(n_params):
        letter, group = NAMES[at % 5], at // 5 or ""
        # A colon before a name would be a parameter of the statement.
        json = DISTRIBUTIONS[letter].replace(":", r"\:")
        statements.append(
            f"""INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json)
            SELECT trial_id, '{letter}{group}', {VALUES[letter]}, '{json}'
            FROM trials WHERE study_id = {study_id}"""
        )
    if url.startswith("postgresql"):
        statements.append("VACUUM ANALYZE")
    execute(url, *statements)


def server_seconds(url):
    """The processor time that the server of a URL has used, if it runs on this machine and
    may be looked at; otherwise `None`."""
    try:
        if url.startswith("postgresql"):
            (folder,) = execute(url, "SHOW data_directory")
            pid = int((Path(folder) / "postmaster.pid").read_text().split()[0])
        else:
            (file,) = execute(url, "SELECT @@pid_file")
            pid = int(Path(file).read_text())
        own = stat(pid)
    except (OSError, sqlalchemy.exc.SQLAlchemyError):
        return None
    # Of PostgreSQL's processes, those that ended are counted with their parent.
    ticks = sum(own[11:15])
    for process in Path("/proc").glob("[0-9]*"):
        try:
            other = stat(process.name)
        except OSError:
            continue
        if int(other[1]) == pid:
            ticks += sum(other[11:13])
    return ticks / TICKS


def stat(pid):
    """What the kernel tells of a process after its name; the times as numbers."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return [int(field) if field.lstrip("-").isdigit() else field for field in fields]

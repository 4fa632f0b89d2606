"""``hub import``: files of customers and leads, through the API of a running Hub."""

import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ops.errors import OperationError
from ops.installation import open_installation
from ops.own_program import own_command
from ops.reach import local_url

if TYPE_CHECKING:  # a process loads only what it runs
    import requests

_POLL_S = 0.5
_TIMEOUT_S = 60  # of one request; an upload of 50 MB over a slow line is one
_OVER = frozenset({"succeeded", "dead", "cancelled", "absorbed"})
_UNDER_WAY = frozenset({"uploaded", "applying"})
_LISTED = 20
_EXAMPLES = 3
_STRANGE = 0.2  # so many of all rows without their phones: the country is wrong, not the numbers


@click.group(name="import")
def import_() -> None:
    """Bring files in."""


def _options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command what every import takes."""
    parameters = (
        click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path)),
        click.option(
            "--apply", "applies", is_flag=True, help="Do it; without, it is only previewed."
        ),
        click.option("--url", help="Where the API is; this machine's if not given."),
        click.option(
            "--token", envvar="TOKEN", help="An API token; that of the variable TOKEN if not given."
        ),
        click.option(
            "--option", "options", multiple=True, metavar="NAME=VALUE",
            help="As of POST /imports: country=SE, owner=…, sheet=…, header_row=3. Repeatable.",
        ),
        click.option(
            "--result", type=click.Path(dir_okay=False, path_type=Path),
            help="Where to put the workbook with the outcome of each row.",
        ),
    )  # fmt: skip
    for parameter in reversed(parameters):
        command = parameter(command)
    return command


@import_.command()
@_options
def customers(**wanted: Any) -> None:
    """Preview or import the customers of FILE, an .xlsx or a .csv.

    Ends with 1 where the file cannot be imported, or some of its rows were refused.
    """
    _bring_in("customers", **wanted)


@import_.command()
@_options
def leads(**wanted: Any) -> None:
    """Preview or import the leads of FILE, an .xlsx or a .csv.

    Ends with 1 where the file cannot be imported, or some of its rows were refused.
    """
    _bring_in("leads", **wanted)


def _bring_in(
    entity: str,
    *,
    file: Path,
    applies: bool,
    url: str | None,
    token: str | None,
    options: tuple[str, ...],
    result: Path | None,
) -> None:
    hub = _Hub(*_place(url, token))
    wanted = {"entity": entity, "name": file.name, **_pairs(options)}
    job = hub.send("POST", "/imports", params=wanted, data=file.read_bytes())
    found = hub.follow(job["id"], "previewed")
    if found["message"]:
        raise OperationError(f"{file}: {found['message']['text']}")
    _show_columns(found)
    if applies and found["state"] == "planned":
        hub.send("POST", f"/imports/{found['id']}/application")
        found = hub.follow(found["id"], "imported")
    _show_counters(found["counters"])
    left_out = hub.rows(found["id"], left_out="true")
    foreign = [row for row in left_out if any("country" in r["details"] for r in row["reasons"])]
    is_strange = "country" not in wanted and len(foreign) >= _STRANGE * found["row_count"]
    if left_out:
        click.echo(f"{len(left_out)} of these without a value that cannot be read:")
        _show_rows(left_out, _EXAMPLES if is_strange else _LISTED, code="left_out")
    if foreign and is_strange:
        click.echo("Phone numbers of another country? Then say of which: --option country=US")
    troubled = [
        row
        for which in ({"action": "refuse"}, {"outcome": "failed"})
        for row in hub.rows(found["id"], **which)
    ]
    _show_rows(troubled, _LISTED)
    if result is not None:
        hub.save_result(found["id"], result)
        click.echo(f"{result}: each row with its outcome and the reasons.")
    if found["state"] == "planned":
        click.echo(f"Nothing is written yet. To do it: {_again(entity, file, options)} --apply")
    if troubled and found["state"] == "planned":
        raise OperationError("Some rows would not come in; mend them, or apply it without them.")
    if troubled:
        raise OperationError("Some rows did not come in; mend them and import the file again.")


class _Hub:
    """The API of a running Hub."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url.rstrip("/") + "/api/v1"
        import requests

        self._session = requests.Session()
        self._session.trust_env = False  # no proxy stands between us and our own service
        self._session.headers["Authorization"] = f"Bearer {token}"

    def send(self, method: str, path: str, **options: Any) -> Any:
        """Send a request and return its answer.

        Raises:
            OperationError: it was refused, with the reasons given, or there was no answer.
        """
        answer = self._request(method, path, **options)
        if answer.status_code >= HTTPStatus.BAD_REQUEST:
            raise OperationError(_refusal(answer))
        return answer.json()

    def follow(self, import_id: str, done: str) -> Mapping[str, Any]:
        """Show the progress of an import's work until it is over, and return the import."""
        shown = ""
        while True:
            jobs = self.send("GET", "/jobs", params={"subject_id": import_id})["items"]
            writing = [job for job in jobs if not job["task"].endswith("_result")]
            for job in writing:
                progress = job["progress"]
                if progress and job["state"] not in _OVER:
                    line = f"  {progress['done']} of {progress['total']} {progress['unit']}"
                    if line != shown:
                        click.echo(line)
                        shown = line
            found: Mapping[str, Any] = self.send("GET", f"/imports/{import_id}")
            dead = [job for job in writing if job["state"] == "dead"]
            if dead:
                raise OperationError(f"It could not be {done}: {dead[0]['error']['message']}")
            is_over = all(job["state"] in _OVER for job in writing)
            if is_over and (found["state"] not in _UNDER_WAY or found["message"]):
                return found
            time.sleep(_POLL_S)

    def rows(self, import_id: str, **which: str) -> list[Mapping[str, Any]]:
        """Return some rows of an import; `which` are parameters of the list."""
        rows: list[Mapping[str, Any]] = []
        cursor: str | None = None
        while True:
            query = {**which, "limit": "500", **({"cursor": cursor} if cursor else {})}
            page = self.send("GET", f"/imports/{import_id}/rows", params=query)
            rows += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return rows

    def save_result(self, import_id: str, target: Path) -> None:
        """Wait for the result workbook and write it.

        Raises:
            OperationError: it cannot be had.
        """
        while True:
            # Asked first: what is there while another is rendered is the preview's.
            if not self._is_rendering(import_id):
                answer = self._request("GET", f"/imports/{import_id}/result")
                if answer.status_code == HTTPStatus.OK:
                    target.write_bytes(answer.content)
                    return
                if answer.status_code != HTTPStatus.CONFLICT:
                    raise OperationError(_refusal(answer))
            time.sleep(_POLL_S)

    def _is_rendering(self, import_id: str) -> bool:
        jobs = self.send("GET", "/jobs", params={"subject_id": import_id})["items"]
        return any(j["task"].endswith("_result") and j["state"] not in _OVER for j in jobs)

    def _request(self, method: str, path: str, **options: Any) -> "requests.Response":
        import requests

        try:
            return self._session.request(method, self._url + path, timeout=_TIMEOUT_S, **options)
        except requests.RequestException as error:
            raise OperationError(
                f"Hub does not answer at {self._url}: is it running? ({type(error).__name__})"
            ) from error


def _place(url: str | None, token: str | None) -> tuple[str, str]:
    if url is not None and token is not None:
        return url, token
    installation = open_installation()
    if token is None:
        kept = installation.place.root / "administrator.token"
        if not kept.exists():
            raise OperationError(
                "Which token? export TOKEN=hub_…, or give --token"
                f" (`{own_command()} token create` makes one)."
            )
        token = kept.read_text(encoding="utf-8").strip()
    return url or local_url(installation.settings), token


def _pairs(options: tuple[str, ...]) -> dict[str, list[str]]:
    pairs: dict[str, list[str]] = {}
    for option in options:
        name, equals, value = option.partition("=")
        if not equals:
            raise OperationError(f"{option}: write NAME=VALUE.")
        pairs.setdefault(name, []).append(value)
    return pairs


def _show_columns(found: Mapping[str, Any]) -> None:
    source = found["source"]
    if source["header_row"] > 1 or len(source["sheets"]) > 1:
        on_sheet = f" of the sheet {source['sheet']}" if source["sheet"] else ""
        click.echo(f"Headers: in row {source['header_row']}{on_sheet}")
    known = [c for c in found["columns"] or () if c["field"]]
    click.echo("Columns: " + ", ".join(f"{c['header']} = {c['field']}" for c in known))
    if found["unknown_columns"]:
        click.echo("Left out: " + ", ".join(found["unknown_columns"]))


def _show_counters(counters: Mapping[str, int]) -> None:
    words = (
        ("create", "new"), ("update", "to change"), ("skip", "here already"),
        ("refuse", "refused"), ("failed", "failed"), ("done", "done"),
    )  # fmt: skip
    told = ", ".join(f"{counters[name]} {word}" for name, word in words if counters.get(name))
    click.echo(f"{counters.get('items', 0)} rows: {told or 'nothing to do'}.")


def _again(entity: str, file: Path, options: tuple[str, ...]) -> str:
    """Return the command that was given, as a person types it once more."""
    given = "".join(f" --option {shlex.quote(option)}" for option in options)
    return f"{own_command()} import {entity} {shlex.quote(str(file))}{given}"


def _show_rows(rows: Sequence[Mapping[str, Any]], most: int, *, code: str | None = None) -> None:
    for row in rows[:most]:
        reasons = (_reason(r) for r in row["reasons"] if code in {None, r["code"]})
        click.echo(f"  row {row['row']}: {'; '.join(reasons)}")
    if len(rows) > most:
        click.echo(f"  … and {len(rows) - most} more")


def _reason(reason: Mapping[str, Any]) -> str:
    column = reason.get("column")
    return f"{column}: {reason['message']}" if column else str(reason["message"])


def _refusal(answer: "requests.Response") -> str:
    try:
        problem = answer.json()
    except ValueError:
        return f"Hub answered {answer.status_code}."
    errors = "; ".join(f"{e['pointer']}: {e['message']}" for e in problem.get("errors", ()))
    return f"{problem.get('detail', answer.status_code)} {errors}".strip()

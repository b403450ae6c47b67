"""What the technician sees while boards are made, and is asked."""

from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from provisioning.controller import Place
from provisioning.errors import DiskError
from provisioning.flash.batch import Pair
from provisioning.flash.report import FAILED, Made, append, table

Ask = Callable[[str], str]  # shows a text, returns the line that was typed; EOFError where nobody types


class Screen:
    """A bar for each port, a line for each board that is done, the table at the end. Use as a context manager.

    Where the output is no terminal there is a line for each step instead of the bars.
    """

    def __init__(self, out: Console, report: Path | None, ask: Ask | None) -> None:
        """`report` is the CSV that each board is added to; `ask` is None where nobody is there to answer."""
        self._out = out
        self._report = report
        self._ask = ask
        self._bars = Progress(
            TextColumn("{task.fields[port]}"),
            TextColumn("{task.fields[place]}"),
            TextColumn("{task.description}"),
            BarColumn(),
            TimeElapsedColumn(),
            console=out,
            disable=not out.is_terminal,
            transient=True,
        )
        self._tasks: dict[str, TaskID] = {}
        self._steps: dict[str, str] = {}
        self.rows: list[Made] = []

    def __enter__(self) -> "Screen":
        """Begin the report. Raises DiskError."""
        if self._report is not None:
            append(self._report)
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()
        if self.rows:
            self._out.print(table(self.rows))

    def tell(self, port: str, place: Place, step: str, share: float | None) -> None:
        """Show how far a board is."""
        name = _short(port)
        if not self._out.is_terminal:
            if self._steps.get(port) != step:
                self._steps[port] = step
                self._out.print(f"{name}  {place}  {step}", highlight=False, markup=False)
            return
        task = self._tasks.get(port)
        if task is None:
            task = self._tasks[port] = self._bars.add_task(step, total=None, port=name, place=str(place))
        self._bars.update(
            task,
            description=step,
            total=None if share is None else 1.0,
            completed=share or 0.0,
            place=str(place),
        )

    def finished(self, made: Made) -> None:
        """Keep a row, and show it."""
        self.rows.append(made)
        task = self._tasks.pop(made.port, None)
        self._steps.pop(made.port, None)
        if task is not None:
            self._bars.remove_task(task)
        what = f"{made.device or 'no board'}  {made.where}  {made.outcome}"
        why = f"  {made.said}" if made.said and made.outcome != FAILED else ""  # those come at the end, with what to do
        self._out.print(
            f"{_short(made.port)}  {what}  {made.seconds:.0f} s{why}", highlight=False, markup=False, soft_wrap=True
        )
        if self._report is not None:
            try:
                append(self._report, made)
            except DiskError as error:  # the boards go on
                self._out.print(str(error), highlight=False, markup=False)

    def next(self, pairs: list[Pair]) -> str:
        """Ask for the next boards."""
        if self._ask is None:
            return ""
        names = ", ".join(f"{place} at {_short(port)}" for port, place in pairs)
        answer = self._put(f"next board, please: {names} (Enter: it is there, s: skip, q: stop) ")
        return answer[:1] if answer[:1] in ("s", "q") else ""

    def again(self, made: Made) -> bool:
        """Ask whether to try again."""
        if self._ask is None:
            return False
        self._out.print(
            f"{_short(made.port)}  {made.place}  {FAILED}: {made.said}", highlight=False, markup=False, soft_wrap=True
        )
        return self._put("try again, with this board or another? (Enter: yes, n: no) ")[:1] != "n"

    def _put(self, question: str) -> str:
        """Return an answer; where the input ends it is as if "no, stop" was said."""
        assert self._ask is not None
        self._bars.stop()
        try:
            return self._ask(question).strip().lower()
        except EOFError:
            return "q" if question.startswith("next") else "n"
        finally:
            self._bars.start()


def _short(port: str) -> str:
    return port.rpartition("/")[2]

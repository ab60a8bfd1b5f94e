"""The renewal sources that PyNN has, each as the gamma processes that it stands for."""

import numpy as np
from numpy.typing import NDArray

from distsim.declared import declares
from distsim.errors import ParameterError
from distsim.network.blocks import Column, lists_of
from distsim.network.renewal import RenewalBlock

__all__ = ["GammaBlock", "InhGammaBlock", "RefractoryBlock"]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
# of a gamma distribution: below, spikes come in bursts of hundreds at one time; above, hardly at
# random, and its functions take long
SHAPES = 0.01, 10_000.0
_SHAPE = f"from {SHAPES[0]:g} to {SHAPES[1]:g}"


class RefractoryBlock(RenewalBlock):
    """Poisson processes with dead time: `rate` [Hz], `tau_refrac`, `start`, `duration` [ms]."""

    model = "SpikeSourcePoissonRefractory"

    def check_process(self) -> None:
        """Raise if a parameter of the process has a value that it cannot take."""
        rate, dead = self.parameters["rate"], self.parameters["tau_refrac"]
        self.require("rate", rate, _is_finite_from_0(rate), "finite, and 0 or above", " Hz")
        self.require("tau_refrac", dead, _is_finite_from_0(dead), "finite, and 0 or above", " ms")
        wrong = rate * dead >= 1000.0
        if wrong.any():
            k = int(np.argmax(wrong))
            raise ParameterError(
                f"rate = {rate[k]:g} Hz with tau_refrac = {dead[k]:g} ms of {self.model}: no "
                f"interval is shorter than tau_refrac, so rate must be below {1000 / dead[k]:g} Hz",
                name="rate",
                value=float(rate[k]),
            )

    def processes(self) -> tuple[list[Floats], Integers]:
        """Return the different processes, and which of them each cell is."""
        rate, dead = self.parameters["rate"], self.parameters["tau_refrac"]
        with np.errstate(divide="ignore"):
            scale = 1000.0 / rate - dead
        return _different(np.ones(self.n_local), scale, dead)


class GammaBlock(RenewalBlock):
    """Gamma processes: `alpha`, `beta` [Hz], `start`, `duration` [ms]."""

    model = "SpikeSourceGamma"

    def check_process(self) -> None:
        """Raise if a parameter of the process has a value that it cannot take."""
        alpha, beta = self.parameters["alpha"], self.parameters["beta"]
        self.require("alpha", alpha, _is_shape(alpha), _SHAPE)
        self.require("beta", beta, _is_finite_from_0(beta), "finite, and 0 or above", " Hz")

    def processes(self) -> tuple[list[Floats], Integers]:
        """Return the different processes, and which of them each cell is."""
        with np.errstate(divide="ignore"):
            scale = 1000.0 / self.parameters["beta"]
        return _different(self.parameters["alpha"], scale, np.zeros(self.n_local))


@declares(stored="_courses")
class InhGammaBlock(RenewalBlock):
    """Gamma processes that change: `a`, `b` [s] from `tbins` [ms] on; `start`, `duration` [ms].

    The hazard is at each time that of a gamma process with the present parameters, at the age since
    the last spike [1]_.

    References
    ----------
    .. [1] E. Muller, L. Buesing, J. Schemmel and K. Meier, Neural Comput. 19, 2958-3010 (2007).
    """

    model = "SpikeSourceInhGamma"
    courses = ("a", "b", "tbins")

    def __init__(self, first_gid: int, indices: Integers) -> None:
        super().__init__(first_gid, indices)
        self._courses: dict[str, list[Floats]] = {}

    def get(self, name: str) -> NDArray[np.float64]:
        """Return a parameter of all cells; of courses, an array of arrays."""
        if name not in self.courses:
            return super().get(name)
        values = np.empty(self.n_local, object)
        values[:] = self._courses[name]
        return values

    def set(self, name: str, positions: Integers, values: object) -> None:
        """Set a parameter of some cells; a course is an array for each."""
        if name not in self.courses:
            super().set(name, positions, values)
            return
        column = self._courses.setdefault(name, [np.zeros(0)] * self.n_local)
        known: dict[int, Floats] = {}  # cells that are given one array share one copy
        for position, course in zip(positions.tolist(), values, strict=True):  # type: ignore[call-overload]
            if id(course) not in known:
                known[id(course)] = np.array(course, np.float64).ravel()
            column[position] = known[id(course)]
        self.touch()

    def columns(self) -> dict[str, Column]:
        """Return all that can be set of the cells, as `SourceBlock` does."""
        columns = super().columns()
        for name, lists in self._courses.items():
            gids = np.repeat(self.gids, np.array([course.size for course in lists], np.int64))
            columns[name] = gids, np.concatenate([np.zeros(0), *lists])
        return columns

    def take_column(self, name: str, gids: Integers, values: Floats) -> None:
        """Set what `columns` has under a name; cells with the same course share one array."""
        if name not in self.courses:
            super().take_column(name, gids, values)
            return
        known: dict[bytes, Floats] = {}
        lists = lists_of(gids, self.gids, values)
        self._courses[name] = [known.setdefault(each.tobytes(), each) for each in lists]
        self.touch()

    def check_process(self) -> None:
        """Raise if a parameter of the process has a value that it cannot take."""
        for a, b, tbins in self._different_courses()[0]:
            if not a.size == b.size == tbins.size or not tbins.size:
                raise ParameterError(
                    f"a, b and tbins of {self.model} have {a.size}, {b.size} and {tbins.size} "
                    "values; give as many of each, and at least one"
                )
            self.require("a", a, _is_shape(a), _SHAPE)
            self.require("b", b, b > 0, "above 0", " s")
            self.require("tbins", tbins, np.isfinite(tbins), "finite", " ms")
            if (np.diff(tbins) <= 0).any():
                k = int(np.argmax(np.diff(tbins) <= 0))
                raise ParameterError(
                    f"tbins of {self.model} hold {tbins[k]:g} ms before {tbins[k + 1]:g} ms; give "
                    "times in ascending order, each once",
                    name="tbins",
                )

    def processes(self) -> tuple[list[Floats], Integers]:
        """Return the different processes, and which of them each cell is."""
        different, table = self._different_courses()
        processes = [
            np.column_stack([tbins, a, 1000.0 * b, np.zeros(a.size)]) for a, b, tbins in different
        ]
        return processes, table

    def _different_courses(self) -> tuple[list[tuple[Floats, ...]], Integers]:
        """Return the different triples of courses, and which of them each cell has."""
        places: dict[tuple[int, ...], int] = {}
        different: list[tuple[Floats, ...]] = []
        table = np.zeros(self.n_local, np.int64)
        columns = [self._courses.get(name, []) for name in self.courses]
        for position, courses in enumerate(zip(*columns, strict=True)):
            key = tuple(map(id, courses))
            if key not in places:
                places[key] = len(different)
                different.append(courses)
            table[position] = places[key]
        return different, table


def _is_shape(values: Floats) -> NDArray[np.bool_]:
    return (values >= SHAPES[0]) & (values <= SHAPES[1])


def _is_finite_from_0(values: Floats) -> NDArray[np.bool_]:
    return np.isfinite(values) & (values >= 0)


def _different(shape: Floats, scale: Floats, dead: Floats) -> tuple[list[Floats], Integers]:
    """Return the different processes among some of one piece each, and which each cell is."""
    each = np.column_stack([np.zeros(shape.size), shape, scale, dead])
    different, table = np.unique(each, axis=0, return_inverse=True)
    return list(different[:, None, :]), table.ravel().astype(np.int64)

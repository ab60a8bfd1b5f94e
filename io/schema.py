"""Names, dtypes, units and version of everything in a distsim file; nothing else names them.

The layout is SONATA's [1]_: spikes below ``/spikes/<population>``, a report below
``/report/<population>``. In SONATA a file has reports of one variable: that is the membrane
potential where it was recorded, else the first variable; reports of others are laid out in the
same way below ``/reports/<variable>/<population>``. What PyNN and Neo need beyond it is in
attributes and below ``/populations``. The first segment is at the root, segment k > 0 is laid out
in the same way below ``/segments/<k>``.

The samples of a report are stored with full precision in ``values``. SONATA's readers expect
single precision, and libsonata refuses anything else: for them ``data`` is a virtual dataset that
shows ``values`` as such and takes no space.

What depends on the ranks or the machine is below ``/provenance`` alone, but for `mpi_processes`, an
attribute of the root; all else is the same for any number of ranks.

References
----------
.. [1] https://github.com/AllenInstitute/sonata/blob/master/docs/SONATA_DEVELOPER_GUIDE.md
"""

from collections.abc import Iterable
from typing import Final
from urllib.parse import quote, unquote

import numpy as np

# the file as a whole: attributes of the root
MAGIC_ATTR: Final = "magic"
MAGIC: Final = 0x0A7A
VERSION_ATTR: Final = "version"
VERSION: Final = (0, 1)
FORMAT_ATTR: Final = "distsim_format"
FORMAT: Final = 2
N_SEGMENTS_ATTR: Final = "n_segments"
ROOT_ATTRS: Final = (MAGIC_ATTR, VERSION_ATTR, FORMAT_ATTR, N_SEGMENTS_ATTR)

# what belongs to the whole: attributes of the root
BLOCK_PREFIX: Final = "block."
# what a checkpoint calls itself
KIND_ATTR: Final = "kind"
SNAPSHOT: Final = "distsim snapshot"
NAME_ATTR: Final = "block.name"
DESCRIPTION_ATTR: Final = "block.description"
BLOCK_ANNOTATION: Final = "block.annotation."
HDF5_VERSIONS: Final = ("v110", "v110")

# segments: attributes of the root and of /segments/<k>
SEGMENTS: Final = "segments"
SEGMENT_PREFIX: Final = "segment."
SEGMENT_INDEX_ATTR: Final = "segment.index"
T_START_ATTR: Final = "segment.t_start"
T_STOP_ATTR: Final = "segment.t_stop"
REC_DATETIME_ATTR: Final = "segment.rec_datetime"
SEGMENT_ANNOTATION: Final = "segment.annotation."

# populations: attributes of /populations/<name> and of /spikes/<name>
POPULATIONS: Final = "populations"
POSITION_ATTR: Final = "position"
LABEL_ATTR: Final = "label"
SIZE_ATTR: Final = "size"
FIRST_GID_ATTR: Final = "first_gid"
CELL_TYPE_ATTR: Final = "cell_type"
HAS_SPIKES_ATTR: Final = "has_spikes"
N_REPORTS_ATTR: Final = "n_reports"
ANNOTATION: Final = "annotation."

# spikes: datasets and attributes of /spikes/<name>
SPIKES: Final = "spikes"
TIMESTAMPS: Final = "timestamps"
SPIKE_NODE_IDS: Final = "node_ids"
RECORDED_IDS: Final = "recorded_ids"
RECORDED_SINCE: Final = "recorded_since"
SORTING_ATTR: Final = "sorting"
SORTING: Final = {"none": 0, "by_id": 1, "by_time": 2}
SPIKE_ORDER: Final = "by_time"

# reports: datasets and attributes of /report/<name> and /reports/<variable>/<name>
REPORT: Final = "report"
OTHER_REPORTS: Final = "reports"
VALUES: Final = "values"
DATA: Final = "data"
MAPPING: Final = "mapping"
NODE_IDS: Final = "node_ids"
INDEX_POINTERS: Final = "index_pointers"
ELEMENT_IDS: Final = "element_ids"
TIME: Final = "time"
VARIABLE_ATTR: Final = "variable"
POPULATION_ATTR: Final = "population"
SORTED_ATTR: Final = "sorted"
PLAIN_VARIABLE: Final = "v"

# parameters of cells: attributes and datasets of /populations/<name>/parameters, last segment
PARAMETERS: Final = "parameters"

# how the file came about: attributes and a dataset of /provenance
PROVENANCE: Final = "provenance"
RANKS: Final = "ranks"
COLUMNS_ATTR: Final = "columns"
WRITE_SECONDS_ATTR: Final = "write_seconds"

# of the values of each dataset
CHECKSUM_ATTR: Final = "crc32"

UNITS_ATTR: Final = "units"
TIME_UNITS: Final = "ms"

# marks an attribute that HDF5 cannot hold as it is, and that is stored as JSON text
JSON_MARK: Final = "json:"

MAGIC_DTYPE: Final = np.dtype("<u4")
TIME_DTYPE: Final = np.dtype("<f8")
NODE_ID_DTYPE: Final = np.dtype("<u8")
VALUE_DTYPE: Final = np.dtype("<f8")
VIEW_DTYPE: Final = np.dtype("<f4")
POINTER_DTYPE: Final = np.dtype("<u8")
ELEMENT_DTYPE: Final = np.dtype("<u4")
SORTING_DTYPE: Final = np.dtype("u1")

# chunk shapes depend on the shape of a dataset alone, never on the ranks that wrote it
LIST_CHUNK: Final = 65_536
REPORT_CHUNK: Final = (256, 128)

_EMPTY_LABEL = "%"
_SAME_NAME = "~"


def escape(label: str) -> str:
    """Return a label as the name of an HDF5 group.

    Parameters
    ----------
    label : str
        Label of a population or name of a variable, any text.

    Returns
    -------
    str
        Percent-encoded ASCII without ``/``, ``.`` and ``~``, which have a meaning in the layout.

    Examples
    --------
    >>> escape("layer 2/3")
    'layer 2%2F3'
    """
    if not label:
        return _EMPTY_LABEL
    quoted = quote(label, safe=" ", errors="surrogatepass")
    return quoted.replace(".", "%2E").replace(_SAME_NAME, "%7E")


def unescape(name: str) -> str:
    """Return the label that `escape` made a name of.

    Parameters
    ----------
    name : str
        Name of a group, with or without the number that `distinct` added.

    Returns
    -------
    str
        The label.

    Examples
    --------
    >>> unescape("layer 2%2F3")
    'layer 2/3'
    """
    plain = name.partition(_SAME_NAME)[0]
    return "" if plain == _EMPTY_LABEL else unquote(plain, errors="surrogatepass")


def report_variable(variables: Iterable[str]) -> str:
    """Return the variable whose reports SONATA's readers find in a file.

    Parameters
    ----------
    variables : iterable of str
        Of all reports of a segment, in their order.

    Examples
    --------
    >>> report_variable(["gsyn_exc", "v"]), report_variable(["w"])
    ('v', 'w')
    """
    names = list(variables)
    return PLAIN_VARIABLE if PLAIN_VARIABLE in names or not names else names[0]


def report_path(population_name: str, variable: str, shown: str) -> str:
    """Return the path of a report in the group of its segment.

    Parameters
    ----------
    population_name : str
        Name of the group of the population.
    variable : str
        Name of the recorded variable.
    shown : str
        The variable whose reports SONATA's readers find.

    Examples
    --------
    >>> report_path("exc", "v", "v"), report_path("exc", "gsyn_exc", "v")
    ('report/exc', 'reports/gsyn_exc/exc')
    """
    if variable == shown:
        return f"{REPORT}/{population_name}"
    return f"{OTHER_REPORTS}/{escape(variable)}/{population_name}"


def distinct(names: list[str]) -> list[str]:
    """Return the names with a number added to repetitions.

    Parameters
    ----------
    names : list of str
        Names from `escape`.

    Returns
    -------
    list of str
        As many different names, in the same order.

    Examples
    --------
    >>> distinct(["exc", "inh", "exc"])
    ['exc', 'inh', 'exc~2']
    """
    counts: dict[str, int] = {}
    numbered = []
    for name in names:
        counts[name] = counts.get(name, 0) + 1
        numbered.append(name if counts[name] == 1 else f"{name}{_SAME_NAME}{counts[name]}")
    return numbered


def segment_path(position: int) -> str:
    """Return the path of the group of a segment.

    Parameters
    ----------
    position : int
        Position of the segment in the file, from 0.

    Returns
    -------
    str
        ``"/"`` for the first segment.

    Examples
    --------
    >>> segment_path(0), segment_path(2)
    ('/', '/segments/2')
    """
    return "/" if position == 0 else f"/{SEGMENTS}/{position}"

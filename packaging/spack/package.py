"""Recipe for Spack: goes to its folder ``packages/py_distsim/``; see docs/releasing.md."""

from spack.package import *
from spack_repo.builtin.build_systems.python import PythonPackage


class PyDistsim(PythonPackage):
    """Spiking-network models written against the PyNN API, run in parallel with MPI."""

    pypi = "distsim/distsim-0.1.0.tar.gz"

    license("Apache-2.0")

    # a release adds its line: version("0.1.0", sha256="...")

    depends_on("python@3.11:", type=("build", "run"))
    depends_on("py-scikit-build-core@0.11:", type="build")

    depends_on("py-h5py@3.10:", type=("build", "run"))
    depends_on("py-lazyarray@0.6:", type=("build", "run"))
    depends_on("py-matplotlib@3.8:", type=("build", "run"))
    # of the MPI that the site's compilers have
    depends_on("py-mpi4py@4.0:", type=("build", "run"))
    depends_on("py-neo@0.14:", type=("build", "run"))
    depends_on("py-numba@0.60:", type=("build", "run"))
    depends_on("py-numpy@1.26:", type=("build", "run"))
    depends_on("py-pynn@0.13", type=("build", "run"))
    depends_on("py-quantities@0.16:", type=("build", "run"))
    depends_on("py-scipy@1.11:", type=("build", "run"))
    depends_on("py-shtab@1.7:", type=("build", "run"))
    depends_on("py-tqdm@4.66:", type=("build", "run"))

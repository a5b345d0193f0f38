"""Populations described in a file, surveys drawn from them, and exports as a platform writes them."""

from socialcap.simulation.draw import simulate
from socialcap.simulation.model import Population
from socialcap.simulation.population import PopulationError, read_population
from socialcap.simulation.replica import Replica, make_replica, simulate_files, write_replica

__all__ = [
    "Population",
    "PopulationError",
    "Replica",
    "make_replica",
    "read_population",
    "simulate",
    "simulate_files",
    "write_replica",
]

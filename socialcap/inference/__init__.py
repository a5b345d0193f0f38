"""Inference that carries the uncertainty of every step: the pipeline bootstrap and its alternatives."""

from socialcap.inference.croon import croon_regression
from socialcap.inference.latent import latent_regression
from socialcap.inference.pipeline import pipeline
from socialcap.inference.specifications import specification_curve

__all__ = ["croon_regression", "latent_regression", "pipeline", "specification_curve"]

"""The tools that come with the product; importing them registers them."""

from agents.tools import calculators as calculators
from agents.tools import directory as directory
from agents.tools import workforce as workforce

"""A figure: a name, a value, a unit."""

from typing import NamedTuple


class Figure(NamedTuple):
    name: str
    value: float
    unit: str

    def line(self) -> str:
        """The figure as one line: whole numbers from 100 up, else three digits that count."""
        value = f"{self.value:.0f}" if abs(self.value) >= 100 or self.value == int(self.value) else f"{self.value:.3g}"
        return f"{self.name} {value} {self.unit}"

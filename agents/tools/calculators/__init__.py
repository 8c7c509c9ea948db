"""Tools that compute from what they are given: no data is read, nothing kept, the same input gives the same answer."""

from agents.tools.calculators import (
    code as code,
)
from agents.tools.calculators import (
    finance as finance,
)
from agents.tools.calculators import (
    healthcare as healthcare,
)
from agents.tools.calculators import (
    hospitality as hospitality,
)
from agents.tools.calculators import (
    logistics as logistics,
)
from agents.tools.calculators import (
    management as management,
)
from agents.tools.calculators import (
    manufacturing as manufacturing,
)
from agents.tools.calculators import (
    research as research,
)
from agents.tools.calculators import (
    retail as retail,
)
from agents.tools.calculators import (
    service as service,
)

"""What agents may do: typed functions with a permission, offered to models as JSON Schema.

An app offers tools by a module `tools.py`, found like `admin.py`:

    @tool(permission="tickets.add_ticket", writes=True)
    def open_ticket(context: ToolContext, *, title: str, kind: Literal["incident", "problem"]) -> ToolResult:
        \"\"\"Open a ticket and give its number back.\"\"\"

The rights are those of the person who asks, narrowed by what the agent's role may use.
"""

from agents.tools.base import Asker, Handoff, Tool, ToolContext, ToolResult
from agents.tools.calling import call_tool
from agents.tools.registry import all_tools, find_tool, get_tool, openai_schema, registered, tool, tools_for
from agents.tools.rights import may_use

__all__ = [
    "Asker",
    "Handoff",
    "Tool",
    "ToolContext",
    "ToolResult",
    "all_tools",
    "call_tool",
    "find_tool",
    "get_tool",
    "may_use",
    "openai_schema",
    "registered",
    "tool",
    "tools_for",
]

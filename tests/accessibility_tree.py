"""Prints what a screen reader would tell of a process's windows.

usage: accessibility_tree.py PID

One JSON object a line, parents before children: role, name, text, focused.
Nothing is printed for a process that has not shown itself to the bus yet.
"""

import json
import sys

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi  # noqa: E402

# Deeper than any window of ours.
DEPTH_MAX = 40


def text_of(node):
    text = node.get_text_iface()
    return Atspi.Text.get_text(text, 0, -1) if text else ""


def tell(node, depth):
    # A list that scrolls may lose a row while it is being read.
    if node is None or depth > DEPTH_MAX:
        return
    try:
        states = node.get_state_set()
        if depth > 1 and not states.contains(Atspi.StateType.VISIBLE):
            return
        focused = states.contains(Atspi.StateType.FOCUSED)
        print(json.dumps({
            "role": node.get_role_name(),
            "name": node.get_name() or "",
            "text": text_of(node),
            "focused": focused,
        }))
        children = [node.get_child_at_index(i) for i in range(node.get_child_count())]
    except Exception:  # whatever the bus says of a node that is gone
        return
    for child in children:
        tell(child, depth + 1)


def main():
    wanted = int(sys.argv[1])
    Atspi.init()
    desktop = Atspi.get_desktop(0)
    for index in range(desktop.get_child_count()):
        application = desktop.get_child_at_index(index)
        if application is not None and application.get_process_id() == wanted:
            tell(application, 0)


main()

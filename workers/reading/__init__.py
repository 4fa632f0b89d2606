"""Reading: files that people upload become rows; a hostile file costs a refusal and nothing more.

What a file is, its bytes say, not its name. A workbook is measured while it is unpacked, then
parsed in a process of its own with little memory and time (reliability.md R-56).
"""

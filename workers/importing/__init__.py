"""What the tasks of imports do with files: opening uploads, rendering results and templates."""

"""Activities: calls, meetings, tasks, mails, memos and things to do, planned and done."""

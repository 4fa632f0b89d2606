"""The demonstration: a Hub beside the real one, sandboxes of the outside systems, and a story.

`places` says on which ports, `parts` what is started, `stage` what the story plays on; the story
itself is `prologue`, `new_customer`, `follow_up`, `shop_and_sync` and `week`, told by `telling`.
"""

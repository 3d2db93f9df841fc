"""Starting runners as processes of this machine."""

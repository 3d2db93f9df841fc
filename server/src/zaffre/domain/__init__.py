"""One file per noun: frozen entities, rules and transitions. Pure."""

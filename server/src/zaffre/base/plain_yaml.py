"""YAML that somebody sent."""

import yaml


class PlainLoader(yaml.SafeLoader):
    """Takes no aliases, by which a small file can stand for one without bound."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Return the next node."""
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("it has aliases")
        return super().compose_node(parent, index)

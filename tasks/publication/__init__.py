"""From a judged model to a published version and its report."""

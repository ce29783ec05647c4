"""What a workflow does, one verb per file, in the order the data meets them."""

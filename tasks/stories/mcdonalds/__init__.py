"""What a menu's labels claim."""

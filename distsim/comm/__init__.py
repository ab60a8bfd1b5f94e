"""What ranks say to each other, and what they know of each other."""

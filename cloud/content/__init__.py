"""Menu content as operators change it: drafts, published versions, and what the menus of this process are made of."""

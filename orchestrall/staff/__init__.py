"""What platform staff see in the Django admin beyond shared tables: an overview, any one organization's rows."""

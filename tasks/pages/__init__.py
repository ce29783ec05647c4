"""Templates, plots and findings of reports."""

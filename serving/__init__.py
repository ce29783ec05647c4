"""The web service that answers from published models; it needs neither TensorFlow nor Prefect."""

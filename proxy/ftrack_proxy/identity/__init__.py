"""Who asks: principal and partition, which principals ftrack accepted, their cookies, and the web pages they use."""

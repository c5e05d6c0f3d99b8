"""The chat. `render` makes escaped HTML and knows no Gradio; `app` knows nothing else."""

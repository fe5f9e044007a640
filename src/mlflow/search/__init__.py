"""The search language: text to a tree of comparisons, and what may be asked of which noun.

Nothing here knows SQL; `mlflow.store.where` turns the tree into statements.
"""

//! Pure functions on predictions: confusion matrix, classification report, ranking metrics, means over seeds.

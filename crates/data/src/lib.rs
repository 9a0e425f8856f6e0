//! Cell images on disk or in a zip: manifests, splits, decoded tensors, download and synthetic cells.

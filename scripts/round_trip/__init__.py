"""Exported networks in PyTorch, PEFT and ONNX Runtime, beside what ranklab predicts."""

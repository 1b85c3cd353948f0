"""The reference model of rhythms, made from patients and one integer: at a desk, never on a device.

Needs the extras `compress` (torch, onnx) and `train` (wfdb).
"""

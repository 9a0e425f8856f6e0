"""The frozen trunk in OpenVINO and ONNX Runtime on the CPU: one JSON line on stdout."""

import argparse
import json
import pathlib
import resource
import tempfile
import time
import warnings

import numpy
import torch

import images
import networks

THREADS = 2
CHANNELS, SIZE = 3, 64
# Images that NNCF calibrates on: its own default.
CALIBRATION = 300


def openvino_trunk(arguments):
    """A function from one batch to features, compiled for the wanted precision."""
    import openvino
    from openvino import properties

    model = openvino.convert_model(
        networks.trunk(arguments.weights, arguments.layers).to(memory_format=torch.contiguous_format),
        example_input=torch.zeros(arguments.batch, CHANNELS, SIZE, SIZE),
        input=[arguments.batch, CHANNELS, SIZE, SIZE],
    )
    if arguments.precision == "int8":
        model = calibrated(model, arguments)
    kinds = {"f32": openvino.Type.f32, "bf16": openvino.Type.bf16, "int8": openvino.Type.f32}
    options = {
        properties.hint.inference_precision: kinds[arguments.precision],
        properties.inference_num_threads: THREADS,
        properties.hint.performance_mode: properties.hint.PerformanceMode.LATENCY,
    }
    compiled = openvino.Core().compile_model(model, "CPU", options)
    request = compiled.create_infer_request()
    return lambda batch: request.infer({0: batch}, share_inputs=True, share_outputs=True)[0]


def calibrated(model, arguments):
    """The model in 8 bits, its scales from the first images of the data set."""
    import nncf

    nncf.set_log_level("ERROR")
    if not arguments.zip:
        raise SystemExit("int8 is calibrated on images: give --zip PATH")
    names, _ = images.choose(arguments.zip, CALIBRATION)
    pixels = networks.preprocess(images.decode(arguments.zip, names)).contiguous().numpy()
    # Whole batches, as the model has a fixed one.
    batches = [pixels[start : start + arguments.batch] for start in range(0, len(pixels), arguments.batch)]
    data = nncf.Dataset([batch for batch in batches if len(batch) == arguments.batch])
    return nncf.quantize(model, data, preset=nncf.QuantizationPreset.PERFORMANCE, subset_size=CALIBRATION)


def onnxruntime_trunk(arguments):
    """Such a function of ONNX Runtime, which runs the trunk in 32-bit floats."""
    import onnxruntime

    if arguments.precision != "f32":
        raise SystemExit("ONNX Runtime runs the trunk in f32")
    model = networks.trunk(arguments.weights, arguments.layers).to(memory_format=torch.contiguous_format)
    with tempfile.TemporaryDirectory() as folder:
        path = str(pathlib.Path(folder, "trunk.onnx"))
        example = torch.zeros(arguments.batch, CHANNELS, SIZE, SIZE)
        torch.onnx.export(model, (example,), path, input_names=["pixels"], dynamo=False)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = THREADS
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda batch: session.run(None, {"pixels": batch})[0]


ENGINES = {"openvino": openvino_trunk, "onnxruntime": onnxruntime_trunk}


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=sorted(ENGINES), required=True)
    parser.add_argument("--precision", choices=["f32", "bf16", "int8"], default="f32")
    parser.add_argument("--weights", required=True)
    parser.add_argument("--zip", help="images that 8 bits are calibrated on")
    parser.add_argument("--images", type=int, default=512)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--layers", type=int, default=10)
    return parser.parse_args()


def main():
    arguments = parse()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(THREADS)
    run = ENGINES[arguments.engine](arguments)
    generator = torch.Generator().manual_seed(0)
    # As many whole batches as the images fill.
    count = max(arguments.images // arguments.batch, 1)
    pixels = torch.randint(0, 256, (count * arguments.batch, SIZE, SIZE, 3), dtype=torch.uint8, generator=generator)
    batches = [networks.preprocess(batch).contiguous().numpy() for batch in pixels.split(arguments.batch)]
    found = numpy.array(run(batches[0]))
    with torch.inference_mode():
        expected = networks.trunk(arguments.weights, arguments.layers)(torch.from_numpy(batches[0])).numpy()
    started = time.perf_counter()
    for batch in batches:
        run(batch)
    seconds = time.perf_counter() - started
    done = len(batches) * arguments.batch
    figures = {
        "job": "trunk", "engine": arguments.engine, "precision": arguments.precision, "images": done,
        "seconds": seconds, "per_second": done / seconds, "batch": arguments.batch, "layers": arguments.layers,
        # How far the features are from PyTorch's in f32, so that no engine wins by computing something else.
        "relative_error": float(numpy.linalg.norm(found - expected) / numpy.linalg.norm(expected)),
        "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()

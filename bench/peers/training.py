"""One training step and one evaluation, shared by the peers' jobs."""

import torch
import torch.nn.functional as F

LEARNING_RATE = 0.005
EVALUATION_BATCH = 128


def optimizer(model):
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    return torch.optim.Adamax(trained, lr=LEARNING_RATE)


def computing(precision):
    """Within it, PyTorch computes in this precision where it knows how; parameters stay in f32."""
    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bf16")


def step(model, optimizer, images, labels, precision="f32"):
    with computing(precision):
        loss = F.cross_entropy(model(images), labels)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)


@torch.inference_mode()
def accuracy(model, batch_of, labels, indices, precision="f32"):
    model.eval()
    with computing(precision):
        correct = sum(
            (model(batch_of(batch)).argmax(1) == labels[batch]).sum().item()
            for batch in indices.split(EVALUATION_BATCH)
        )
    return correct / len(indices)


def trained_state(model):
    """Copies of what training changes: trained parameters and batch norm's statistics."""
    changed = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    changed.update(name for name, _ in model.named_buffers())
    return {name: value.clone() for name, value in model.state_dict().items() if name in changed}

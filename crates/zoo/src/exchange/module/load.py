

def load(path):
    """The network with the tensors of a merged safetensors file, for prediction."""
    network = Network()
    network.load_state_dict(load_file(path))
    return network.eval()

def preprocess(images):
    """uint8 RGB [batch, height, width, 3] to [batch, 3, height, width] with ImageNet's means subtracted."""
    means = torch.tensor(MEANS, device=images.device)
    return (images.float() - means).permute(0, 3, 1, 2)


def read_image(path):
    """An image file as uint8 RGB [1, IMAGE_SIZE, IMAGE_SIZE, 3], read and resized as in training."""
    image = Image.open(path)
    if image.format != "PNG":
        # As the file says that it is to be seen.
        image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):
        # Grey of 16 bits: 65535 becomes 255.
        image = Image.fromarray(((numpy.array(image).astype(numpy.uint32) + 128) // 257).astype(numpy.uint8))
    pixels = torch.from_numpy(numpy.array(image.convert("RGB")))
    planes = pixels.permute(2, 0, 1).unsqueeze(0).float()
    size = (IMAGE_SIZE, IMAGE_SIZE)
    resized = functional.interpolate(planes, size, mode="bilinear", antialias=ANTIALIAS)
    return resized.round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1)


def trunk(modules):
    """The first modules of torchvision's VGG16, without values: they come from a file."""
    with torch.device("meta"):
        features = vgg16().features[:modules]
    return features.to_empty(device="cpu")


def classifier(features):
    """Two hidden layers and the class scores."""

    def norm(width):
        return nn.BatchNorm1d(width, eps=EPSILON, momentum=BATCH_NORM_MOMENTUM)

    return nn.Sequential(
        nn.Linear(features, 512), norm(512), nn.LeakyReLU(LEAK), nn.Dropout(DROPOUT),
        nn.Linear(512, 256), norm(256), nn.LeakyReLU(LEAK), nn.Dropout(DROPOUT),
        nn.Linear(256, 2),
    )



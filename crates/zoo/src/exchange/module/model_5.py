class Network(nn.Module):
    """VGG16's convolutions and the classifier.

    Takes uint8 RGB [batch, IMAGE_SIZE, IMAGE_SIZE, 3] and gives class scores [batch, 2].
    """

    def __init__(self):
        super().__init__()
        self.features = trunk(31)
        for place in WITHOUT_RELU:
            self.features[place] = nn.Identity()
        self.classifier = classifier(512 * POSITIONS)

    def forward(self, images):
        features = self.features(preprocess(images))
        return self.classifier(functional.leaky_relu(features, LEAK).flatten(1))

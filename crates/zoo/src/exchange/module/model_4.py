class Network(nn.Module):
    """VGG16 up to its third pooling, two 2x2 convolutions and the classifier.

    Takes uint8 RGB [batch, IMAGE_SIZE, IMAGE_SIZE, 3] and gives class scores [batch, 2].
    """

    def __init__(self):
        super().__init__()
        self.features = trunk(17)
        # An even kernel keeps the map's size when it is padded at the right and at the bottom.
        self.upper = nn.Sequential(
            nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(256, 512, 2), nn.MaxPool2d(2), nn.LeakyReLU(LEAK),
            nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(512, 512, 2), nn.MaxPool2d(2),
            nn.BatchNorm2d(512, eps=EPSILON, momentum=BATCH_NORM_MOMENTUM), nn.LeakyReLU(LEAK),
        )
        self.classifier = classifier(512 * POSITIONS)

    def forward(self, images):
        return self.classifier(self.upper(self.features(preprocess(images))).flatten(1))

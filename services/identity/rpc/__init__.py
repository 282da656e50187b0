"""Identity's servicers: protobuf in → use case → protobuf out."""

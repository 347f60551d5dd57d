{
  "targets": [
    {
      "target_name": "crc64",
      "sources": ["addon.c", "memory.c", "slicing.c", "pclmul.c", "pmull.c"],
      "cflags": ["-std=c11", "-O3", "-Wall", "-Wextra", "-fvisibility=hidden"],
      "xcode_settings": { "OTHER_CFLAGS": ["-std=c11", "-O3"] },
      "conditions": [["OS=='linux'", { "ldflags": ["-Wl,-s"] }]],
    }
  ]
}

# SPDX-License-Identifier: GPL-3.0-or-later
"""What numbers become in low-precision formats, quantizers and tensor cores.

Everything is computed by the C library, bit for bit as `ulplab` on the command
line does it, and its names are the program's: formats ("e4m3", "bf16",
"float8_e4m3fn"), quantizers ("nvfp4@te", "int4/g=group:128"), GPUs ("h100"),
instructions ("wgmma.m64n8k32.f32.e4m3.e4m3") and kernels ("cublaslt-fp8").

Arrays
    NumPy arrays and CPU tensors of PyTorch, read and written in place: no
    copy is made of an array that is contiguous, aligned and in native byte
    order.  One that is not is copied once, into one that is.
    Codes are recognized by dtype (torch.float8_e4m3fn, those of ml_dtypes,
    float16, ...); raw codes, in unsigned integers of the same size, take the
    format as text.
    What comes back is a tensor if any argument is one; else an array, of a
    dtype of ml_dtypes if any argument has one, or else of NumPy's own, with
    raw codes where NumPy has no dtype.

Errors
    ValueError and TypeError with the library's own line.  What nobody has
    measured on a GPU is computed with an EvidenceWarning; strict=True refuses
    it.

Threads
    Any number of threads may call; the library runs without the interpreter's
    lock.  threads=0 uses all processors.  No result depends on threads.
"""
from ._library import ABI_VERSION, library_path
from ._convert import decode, encode
from ._formats import Format, format_info, formats, profiles
from ._identify import Candidate, Identification, identify
from ._products import EvidenceWarning, gemm, gpus, kernels, mma
from ._quantizers import Quantized, dequantize, quantize, quantizers
from ._scaled import scaled_mm
from ._trace import Block, Term, Trace, trace

__version__ = "0.1.0"
__all__ = [
    "ABI_VERSION", "Block", "Candidate", "EvidenceWarning", "Format",
    "Identification", "Quantized", "Term", "Trace", "decode", "dequantize",
    "encode", "format_info", "formats", "gemm", "gpus", "identify", "kernels",
    "library_path", "mma", "profiles", "quantize", "quantizers", "scaled_mm",
    "trace",
]

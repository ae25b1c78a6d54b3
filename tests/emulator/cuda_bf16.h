// __nv_bfloat16 stands beside __half.
#include "cuda_fp16.h"

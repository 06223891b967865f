/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The conversions of an sm_90 GPU, one row each: what cvt.cu runs and what
 * replay_cvt.c says it must give.  Included several times, so without guard.
 *
 * PTX(instruction, registers, source, lanes, result, mode, overflow, profile,
 *     after)
 * FN(name, call, source, lanes, result, mode, overflow, profile, after)
 *
 * registers  input_output: H 16 bits, R 32 bits, F f32, D f64; FF two f32,
 *            HH two halves in one register (the first in the lower half)
 * call       F H B D C S make a float, a half, a bf16, a double, a byte or a
 *            16-bit word of the lanes' bits a and b
 * lanes      2: input i goes with input i^1, unless the source is a pair of
 *            codes by itself; lane 0 is the lower part of the result
 * profile    of formats/profile.c, or of replay_cvt.c
 * after      what the modifier does beside rounding, or what NaN becomes:
 *            after_rule of replay_cvt.c
 *
 * What the GPU makes of NaN, all of it in the captures:
 *   F2FP, F2F between f32 and 16 bits, HADD2.F32: 0x7f..ff, sign and payload
 *     lost
 *   F2F from or to f64: the sign and the upper payload, quieted; .ftz.f64.f32
 *     multiplies before (FMUL.FTZ), which makes 0x7fffffff of it
 *   .f32.bf16: a shift, so that a signalling NaN stays one
 *   .rna.tf32: a mask, NAN_CUT; the PTX ISA does not say so
 *   to integers: 0, or NAN_HIGH from f64
 *
 * Not here, because ptxas 13.0 refuses them for sm_90a: fp6, fp4 and ue8m0
 * (.e2m3x2 .e3m2x2 .e2m1x2 .ue8m0x2, either way), .rs, .bf16x2 from or to an
 * x2 code, e4m3x2 and e5m2x2 without .rn.satfinite, .rm and .rp to an x2,
 * .satfinite with .rm or .rp, .relu from f64, .rna to other than tf32,
 * .rm and .rp to tf32, 8-bit integers to and from bf16.
 */

/* f32 to f16: F2F, F2FP */
PTX("cvt.rn.f16.f32", F_H, f32, 1, f16, RNE, DEFAULT, cuda, NONE)
PTX("cvt.rz.f16.f32", F_H, f32, 1, f16, RTZ, DEFAULT, cuda, NONE)
PTX("cvt.rm.f16.f32", F_H, f32, 1, f16, RD, DEFAULT, cuda, NONE)
PTX("cvt.rp.f16.f32", F_H, f32, 1, f16, RU, DEFAULT, cuda, NONE)
PTX("cvt.rn.relu.f16.f32", F_H, f32, 1, f16, RNE, DEFAULT, cuda, RELU)
PTX("cvt.rn.satfinite.f16.f32", F_H, f32, 1, f16, RNE, SATURATE, cuda, NONE)
PTX("cvt.rn.relu.satfinite.f16.f32", F_H,
    f32, 1, f16, RNE, SATURATE, cuda, RELU)
PTX("cvt.rz.relu.f16.f32", F_H, f32, 1, f16, RTZ, DEFAULT, cuda, RELU)
PTX("cvt.rz.satfinite.f16.f32", F_H, f32, 1, f16, RTZ, SATURATE, cuda, NONE)
PTX("cvt.rz.relu.satfinite.f16.f32", F_H,
    f32, 1, f16, RTZ, SATURATE, cuda, RELU)
PTX("cvt.rn.sat.f16.f32", F_H, f32, 1, f16, RNE, DEFAULT, cuda, SAT)
PTX("cvt.rz.sat.f16.f32", F_H, f32, 1, f16, RTZ, DEFAULT, cuda, SAT)
PTX("cvt.rm.sat.f16.f32", F_H, f32, 1, f16, RD, DEFAULT, cuda, SAT)
PTX("cvt.rp.sat.f16.f32", F_H, f32, 1, f16, RU, DEFAULT, cuda, SAT)
/* ptxas drops this .ftz: the instruction is F2F.F16.F32.RP. */
PTX("cvt.rp.ftz.f16.f32", F_H, f32, 1, f16, RU, DEFAULT, cuda, NONE)
PTX("cvt.rn.f16x2.f32", FF_R, f32, 2, f16, RNE, DEFAULT, cuda, NONE)
PTX("cvt.rn.relu.f16x2.f32", FF_R, f32, 2, f16, RNE, DEFAULT, cuda, RELU)
PTX("cvt.rn.satfinite.f16x2.f32", FF_R, f32, 2, f16, RNE, SATURATE, cuda, NONE)
PTX("cvt.rn.relu.satfinite.f16x2.f32", FF_R,
    f32, 2, f16, RNE, SATURATE, cuda, RELU)
PTX("cvt.rz.f16x2.f32", FF_R, f32, 2, f16, RTZ, DEFAULT, cuda, NONE)
PTX("cvt.rz.relu.f16x2.f32", FF_R, f32, 2, f16, RTZ, DEFAULT, cuda, RELU)
PTX("cvt.rz.satfinite.f16x2.f32", FF_R, f32, 2, f16, RTZ, SATURATE, cuda, NONE)
PTX("cvt.rz.relu.satfinite.f16x2.f32", FF_R,
    f32, 2, f16, RTZ, SATURATE, cuda, RELU)
/* f32 to bf16: F2F, F2FP */
PTX("cvt.rn.bf16.f32", F_H, f32, 1, bf16, RNE, DEFAULT, cuda, NONE)
PTX("cvt.rz.bf16.f32", F_H, f32, 1, bf16, RTZ, DEFAULT, cuda, NONE)
PTX("cvt.rm.bf16.f32", F_H, f32, 1, bf16, RD, DEFAULT, cuda, NONE)
PTX("cvt.rp.bf16.f32", F_H, f32, 1, bf16, RU, DEFAULT, cuda, NONE)
PTX("cvt.rn.relu.bf16.f32", F_H, f32, 1, bf16, RNE, DEFAULT, cuda, RELU)
PTX("cvt.rn.satfinite.bf16.f32", F_H, f32, 1, bf16, RNE, SATURATE, cuda, NONE)
PTX("cvt.rn.relu.satfinite.bf16.f32", F_H,
    f32, 1, bf16, RNE, SATURATE, cuda, RELU)
PTX("cvt.rz.relu.bf16.f32", F_H, f32, 1, bf16, RTZ, DEFAULT, cuda, RELU)
PTX("cvt.rz.satfinite.bf16.f32", F_H, f32, 1, bf16, RTZ, SATURATE, cuda, NONE)
PTX("cvt.rz.relu.satfinite.bf16.f32", F_H,
    f32, 1, bf16, RTZ, SATURATE, cuda, RELU)
PTX("cvt.rp.ftz.bf16.f32", F_H, f32, 1, bf16, RU, DEFAULT, cuda, FTZ)
PTX("cvt.rn.bf16x2.f32", FF_R, f32, 2, bf16, RNE, DEFAULT, cuda, NONE)
PTX("cvt.rn.relu.bf16x2.f32", FF_R, f32, 2, bf16, RNE, DEFAULT, cuda, RELU)
PTX("cvt.rn.satfinite.bf16x2.f32", FF_R,
    f32, 2, bf16, RNE, SATURATE, cuda, NONE)
PTX("cvt.rn.relu.satfinite.bf16x2.f32", FF_R,
    f32, 2, bf16, RNE, SATURATE, cuda, RELU)
PTX("cvt.rz.bf16x2.f32", FF_R, f32, 2, bf16, RTZ, DEFAULT, cuda, NONE)
PTX("cvt.rz.relu.bf16x2.f32", FF_R, f32, 2, bf16, RTZ, DEFAULT, cuda, RELU)
PTX("cvt.rz.satfinite.bf16x2.f32", FF_R,
    f32, 2, bf16, RTZ, SATURATE, cuda, NONE)
PTX("cvt.rz.relu.satfinite.bf16x2.f32", FF_R,
    f32, 2, bf16, RTZ, SATURATE, cuda, RELU)
/* f32 to tf32 */
PTX("cvt.rn.tf32.f32", F_R, f32, 1, tf32, RNE, DEFAULT, cuda, NONE)
PTX("cvt.rz.tf32.f32", F_R, f32, 1, tf32, RTZ, DEFAULT, cuda, NONE)
PTX("cvt.rna.tf32.f32", F_R, f32, 1, tf32, RNA, DEFAULT, cuda, NAN_CUT)
PTX("cvt.rn.relu.tf32.f32", F_R, f32, 1, tf32, RNE, DEFAULT, cuda, RELU)
PTX("cvt.rz.relu.tf32.f32", F_R, f32, 1, tf32, RTZ, DEFAULT, cuda, RELU)
PTX("cvt.rna.satfinite.tf32.f32", F_R,
    f32, 1, tf32, RNA, SATURATE, cuda, NAN_CUT)
/* fp8 */
PTX("cvt.rn.satfinite.e4m3x2.f32", FF_H,
    f32, 2, e4m3, RNE, SATURATE, cuda, NONE)
PTX("cvt.rn.satfinite.e4m3x2.f16x2", HH_H,
    f16, 2, e4m3, RNE, SATURATE, cuda, NONE)
PTX("cvt.rn.f16x2.e4m3x2", H_R, e4m3, 2, f16, RNE, DEFAULT, cuda, NONE)
PTX("cvt.rn.satfinite.relu.e4m3x2.f32", FF_H,
    f32, 2, e4m3, RNE, SATURATE, cuda, RELU)
PTX("cvt.rn.satfinite.relu.e4m3x2.f16x2", HH_H,
    f16, 2, e4m3, RNE, SATURATE, cuda, RELU)
PTX("cvt.rn.relu.f16x2.e4m3x2", H_R, e4m3, 2, f16, RNE, DEFAULT, cuda, RELU)
PTX("cvt.rn.satfinite.e5m2x2.f32", FF_H,
    f32, 2, e5m2, RNE, SATURATE, cuda, NONE)
PTX("cvt.rn.satfinite.e5m2x2.f16x2", HH_H,
    f16, 2, e5m2, RNE, SATURATE, cuda, NONE)
PTX("cvt.rn.f16x2.e5m2x2", H_R, e5m2, 2, f16, RNE, DEFAULT, cuda, NONE)
PTX("cvt.rn.satfinite.relu.e5m2x2.f32", FF_H,
    f32, 2, e5m2, RNE, SATURATE, cuda, RELU)
PTX("cvt.rn.satfinite.relu.e5m2x2.f16x2", HH_H,
    f16, 2, e5m2, RNE, SATURATE, cuda, RELU)
PTX("cvt.rn.relu.f16x2.e5m2x2", H_R, e5m2, 2, f16, RNE, DEFAULT, cuda, RELU)
/* between the wide formats */
PTX("cvt.rn.f16.f64", D_H, f64, 1, f16, RNE, DEFAULT, cuda_quiet, NONE)
PTX("cvt.rz.f16.f64", D_H, f64, 1, f16, RTZ, DEFAULT, cuda_quiet, NONE)
PTX("cvt.rm.f16.f64", D_H, f64, 1, f16, RD, DEFAULT, cuda_quiet, NONE)
PTX("cvt.rp.f16.f64", D_H, f64, 1, f16, RU, DEFAULT, cuda_quiet, NONE)
PTX("cvt.rn.bf16.f64", D_H, f64, 1, bf16, RNE, DEFAULT, cuda_quiet, NONE)
PTX("cvt.rz.bf16.f64", D_H, f64, 1, bf16, RTZ, DEFAULT, cuda_quiet, NONE)
PTX("cvt.rm.bf16.f64", D_H, f64, 1, bf16, RD, DEFAULT, cuda_quiet, NONE)
PTX("cvt.rp.bf16.f64", D_H, f64, 1, bf16, RU, DEFAULT, cuda_quiet, NONE)
PTX("cvt.rn.sat.f16.f64", D_H, f64, 1, f16, RNE, DEFAULT, cuda, SAT)
PTX("cvt.rz.sat.f16.f64", D_H, f64, 1, f16, RTZ, DEFAULT, cuda, SAT)
PTX("cvt.rm.sat.f16.f64", D_H, f64, 1, f16, RD, DEFAULT, cuda, SAT)
PTX("cvt.rp.sat.f16.f64", D_H, f64, 1, f16, RU, DEFAULT, cuda, SAT)
PTX("cvt.rn.f32.f64", D_F, f64, 1, f32, RNE, DEFAULT, cuda_quiet, NONE)
PTX("cvt.rz.f32.f64", D_F, f64, 1, f32, RTZ, DEFAULT, cuda_quiet, NONE)
PTX("cvt.rm.f32.f64", D_F, f64, 1, f32, RD, DEFAULT, cuda_quiet, NONE)
PTX("cvt.rp.f32.f64", D_F, f64, 1, f32, RU, DEFAULT, cuda_quiet, NONE)
PTX("cvt.rn.sat.f32.f64", D_F, f64, 1, f32, RNE, DEFAULT, cuda, SAT)
PTX("cvt.rn.ftz.f32.f64", D_F, f64, 1, f32, RNE, DEFAULT, cuda_quiet, FTZ)
PTX("cvt.rn.bf16.f16", H_H, f16, 1, bf16, RNE, DEFAULT, cuda, NONE)
PTX("cvt.rz.bf16.f16", H_H, f16, 1, bf16, RTZ, DEFAULT, cuda, NONE)
PTX("cvt.rm.bf16.f16", H_H, f16, 1, bf16, RD, DEFAULT, cuda, NONE)
PTX("cvt.rp.bf16.f16", H_H, f16, 1, bf16, RU, DEFAULT, cuda, NONE)
PTX("cvt.rn.f16.bf16", H_H, bf16, 1, f16, RNE, DEFAULT, cuda, NONE)
PTX("cvt.rz.f16.bf16", H_H, bf16, 1, f16, RTZ, DEFAULT, cuda, NONE)
PTX("cvt.rm.f16.bf16", H_H, bf16, 1, f16, RD, DEFAULT, cuda, NONE)
PTX("cvt.rp.f16.bf16", H_H, bf16, 1, f16, RU, DEFAULT, cuda, NONE)
PTX("cvt.f32.f16", H_F, f16, 1, f32, RNE, DEFAULT, cuda, NONE)
PTX("cvt.f64.f16", H_D, f16, 1, f64, RNE, DEFAULT, cuda_quiet, NONE)
PTX("cvt.f32.bf16", H_F, bf16, 1, f32, RNE, DEFAULT, cuda_shift, NONE)
PTX("cvt.f64.bf16", H_D, bf16, 1, f64, RNE, DEFAULT, cuda_quiet, NONE)
PTX("cvt.ftz.f32.bf16", H_F, bf16, 1, f32, RNE, DEFAULT, cuda, FTZ)
PTX("cvt.f64.f32", F_D, f32, 1, f64, RNE, DEFAULT, cuda_quiet, NONE)
PTX("cvt.ftz.f64.f32", F_D, f32, 1, f64, RNE, DEFAULT, cuda_quiet, FTZ)
/* to integers: clamped with .sat and without; NaN is 0 unless the source
 * is f64, which gives the code 2^(n-1): PTX ISA, cvt, "Notes" */
PTX("cvt.rni.sat.s8.f16", H_H, f16, 1, s8, RNE, SATURATE, ieee, NONE)
PTX("cvt.rzi.sat.s8.f16", H_H, f16, 1, s8, RTZ, SATURATE, ieee, NONE)
PTX("cvt.rmi.sat.s8.f16", H_H, f16, 1, s8, RD, SATURATE, ieee, NONE)
PTX("cvt.rpi.sat.s8.f16", H_H, f16, 1, s8, RU, SATURATE, ieee, NONE)
PTX("cvt.rni.s8.f16", H_H, f16, 1, s8, RNE, SATURATE, ieee, NONE)
PTX("cvt.rni.sat.u8.f16", H_H, f16, 1, u8, RNE, SATURATE, ieee, NONE)
PTX("cvt.rzi.sat.u8.f16", H_H, f16, 1, u8, RTZ, SATURATE, ieee, NONE)
PTX("cvt.rmi.sat.u8.f16", H_H, f16, 1, u8, RD, SATURATE, ieee, NONE)
PTX("cvt.rpi.sat.u8.f16", H_H, f16, 1, u8, RU, SATURATE, ieee, NONE)
PTX("cvt.rni.u8.f16", H_H, f16, 1, u8, RNE, SATURATE, ieee, NONE)
PTX("cvt.rni.s16.f16", H_H, f16, 1, s16, RNE, SATURATE, ieee, NONE)
PTX("cvt.rni.u16.f16", H_H, f16, 1, u16, RNE, SATURATE, ieee, NONE)
PTX("cvt.rni.s32.f16", H_R, f16, 1, s32, RNE, SATURATE, ieee, NONE)
PTX("cvt.rzi.s32.f16", H_R, f16, 1, s32, RTZ, SATURATE, ieee, NONE)
PTX("cvt.rni.u32.f16", H_R, f16, 1, u32, RNE, SATURATE, ieee, NONE)
PTX("cvt.rzi.u32.f16", H_R, f16, 1, u32, RTZ, SATURATE, ieee, NONE)
PTX("cvt.rni.sat.s8.f32", F_H, f32, 1, s8, RNE, SATURATE, ieee, NONE)
PTX("cvt.rzi.sat.s8.f32", F_H, f32, 1, s8, RTZ, SATURATE, ieee, NONE)
PTX("cvt.rmi.sat.s8.f32", F_H, f32, 1, s8, RD, SATURATE, ieee, NONE)
PTX("cvt.rpi.sat.s8.f32", F_H, f32, 1, s8, RU, SATURATE, ieee, NONE)
PTX("cvt.rni.s8.f32", F_H, f32, 1, s8, RNE, SATURATE, ieee, NONE)
PTX("cvt.rni.sat.u8.f32", F_H, f32, 1, u8, RNE, SATURATE, ieee, NONE)
PTX("cvt.rzi.sat.u8.f32", F_H, f32, 1, u8, RTZ, SATURATE, ieee, NONE)
PTX("cvt.rmi.sat.u8.f32", F_H, f32, 1, u8, RD, SATURATE, ieee, NONE)
PTX("cvt.rpi.sat.u8.f32", F_H, f32, 1, u8, RU, SATURATE, ieee, NONE)
PTX("cvt.rni.u8.f32", F_H, f32, 1, u8, RNE, SATURATE, ieee, NONE)
PTX("cvt.rni.s16.f32", F_H, f32, 1, s16, RNE, SATURATE, ieee, NONE)
PTX("cvt.rni.u16.f32", F_H, f32, 1, u16, RNE, SATURATE, ieee, NONE)
PTX("cvt.rni.s32.f32", F_R, f32, 1, s32, RNE, SATURATE, ieee, NONE)
PTX("cvt.rzi.s32.f32", F_R, f32, 1, s32, RTZ, SATURATE, ieee, NONE)
PTX("cvt.rni.u32.f32", F_R, f32, 1, u32, RNE, SATURATE, ieee, NONE)
PTX("cvt.rzi.u32.f32", F_R, f32, 1, u32, RTZ, SATURATE, ieee, NONE)
PTX("cvt.rni.sat.s8.f64", D_H, f64, 1, s8, RNE, SATURATE, ieee, NAN_HIGH)
PTX("cvt.rzi.sat.s8.f64", D_H, f64, 1, s8, RTZ, SATURATE, ieee, NAN_HIGH)
PTX("cvt.rmi.sat.s8.f64", D_H, f64, 1, s8, RD, SATURATE, ieee, NAN_HIGH)
PTX("cvt.rpi.sat.s8.f64", D_H, f64, 1, s8, RU, SATURATE, ieee, NAN_HIGH)
PTX("cvt.rni.s8.f64", D_H, f64, 1, s8, RNE, SATURATE, ieee, NAN_HIGH)
PTX("cvt.rni.sat.u8.f64", D_H, f64, 1, u8, RNE, SATURATE, ieee, NAN_HIGH)
PTX("cvt.rzi.sat.u8.f64", D_H, f64, 1, u8, RTZ, SATURATE, ieee, NAN_HIGH)
PTX("cvt.rmi.sat.u8.f64", D_H, f64, 1, u8, RD, SATURATE, ieee, NAN_HIGH)
PTX("cvt.rpi.sat.u8.f64", D_H, f64, 1, u8, RU, SATURATE, ieee, NAN_HIGH)
PTX("cvt.rni.u8.f64", D_H, f64, 1, u8, RNE, SATURATE, ieee, NAN_HIGH)
PTX("cvt.rni.s16.f64", D_H, f64, 1, s16, RNE, SATURATE, ieee, NAN_HIGH)
PTX("cvt.rni.u16.f64", D_H, f64, 1, u16, RNE, SATURATE, ieee, NAN_HIGH)
PTX("cvt.rni.s32.f64", D_R, f64, 1, s32, RNE, SATURATE, ieee, NAN_HIGH)
PTX("cvt.rzi.s32.f64", D_R, f64, 1, s32, RTZ, SATURATE, ieee, NAN_HIGH)
PTX("cvt.rni.u32.f64", D_R, f64, 1, u32, RNE, SATURATE, ieee, NAN_HIGH)
PTX("cvt.rzi.u32.f64", D_R, f64, 1, u32, RTZ, SATURATE, ieee, NAN_HIGH)
PTX("cvt.rni.s16.bf16", H_H, bf16, 1, s16, RNE, SATURATE, ieee, NONE)
PTX("cvt.rni.u16.bf16", H_H, bf16, 1, u16, RNE, SATURATE, ieee, NONE)
PTX("cvt.rzi.s32.bf16", H_R, bf16, 1, s32, RTZ, SATURATE, ieee, NONE)
PTX("cvt.rzi.u32.bf16", H_R, bf16, 1, u32, RTZ, SATURATE, ieee, NONE)
/* from integers */
PTX("cvt.rn.f16.s8", H_H, s8, 1, f16, RNE, DEFAULT, cuda, NONE)
PTX("cvt.rn.f32.s8", H_F, s8, 1, f32, RNE, DEFAULT, cuda, NONE)
PTX("cvt.rn.f16.u8", H_H, u8, 1, f16, RNE, DEFAULT, cuda, NONE)
PTX("cvt.rn.f32.u8", H_F, u8, 1, f32, RNE, DEFAULT, cuda, NONE)
PTX("cvt.rn.f32.s32", R_F, s32, 1, f32, RNE, DEFAULT, cuda, NONE)
PTX("cvt.rz.f32.s32", R_F, s32, 1, f32, RTZ, DEFAULT, cuda, NONE)
PTX("cvt.rm.f32.s32", R_F, s32, 1, f32, RD, DEFAULT, cuda, NONE)
PTX("cvt.rp.f32.s32", R_F, s32, 1, f32, RU, DEFAULT, cuda, NONE)
PTX("cvt.rn.f32.u32", R_F, u32, 1, f32, RNE, DEFAULT, cuda, NONE)
PTX("cvt.rn.f16.s32", R_H, s32, 1, f16, RNE, DEFAULT, cuda, NONE)
PTX("cvt.rn.bf16.s32", R_H, s32, 1, bf16, RNE, DEFAULT, cuda, NONE)
/* cuda_fp8.h */
FN("float_to_fp8.satfinite.e4m3",
   __nv_cvt_float_to_fp8(F(a), __NV_SATFINITE, __NV_E4M3),
   f32, 1, e4m3, RNE, SATURATE, cuda, NONE)
FN("halfraw_to_fp8.satfinite.e4m3",
   __nv_cvt_halfraw_to_fp8(H(a), __NV_SATFINITE, __NV_E4M3),
   f16, 1, e4m3, RNE, SATURATE, cuda, NONE)
FN("bfloat16raw_to_fp8.satfinite.e4m3",
   __nv_cvt_bfloat16raw_to_fp8(B(a), __NV_SATFINITE, __NV_E4M3),
   bf16, 1, e4m3, RNE, SATURATE, cuda, NONE)
FN("double_to_fp8.satfinite.e4m3",
   __nv_cvt_double_to_fp8(D(a), __NV_SATFINITE, __NV_E4M3),
   f64, 1, e4m3, RNE, SATURATE, cuda_quiet, NONE)
FN("float2_to_fp8x2.satfinite.e4m3",
   __nv_cvt_float2_to_fp8x2(F2(a, b), __NV_SATFINITE, __NV_E4M3),
   f32, 2, e4m3, RNE, SATURATE, cuda, NONE)
FN("halfraw2_to_fp8x2.satfinite.e4m3",
   __nv_cvt_halfraw2_to_fp8x2(H2(a, b), __NV_SATFINITE, __NV_E4M3),
   f16, 2, e4m3, RNE, SATURATE, cuda, NONE)
FN("bfloat16raw2_to_fp8x2.satfinite.e4m3",
   __nv_cvt_bfloat16raw2_to_fp8x2(B2(a, b), __NV_SATFINITE, __NV_E4M3),
   bf16, 2, e4m3, RNE, SATURATE, cuda, NONE)
FN("double2_to_fp8x2.satfinite.e4m3",
   __nv_cvt_double2_to_fp8x2(D2(a, b), __NV_SATFINITE, __NV_E4M3),
   f64, 2, e4m3, RNE, SATURATE, cuda_quiet, NONE)
FN("float_to_fp8.nosat.e4m3",
   __nv_cvt_float_to_fp8(F(a), __NV_NOSAT, __NV_E4M3),
   f32, 1, e4m3, RNE, INF, cuda, NONE)
FN("halfraw_to_fp8.nosat.e4m3",
   __nv_cvt_halfraw_to_fp8(H(a), __NV_NOSAT, __NV_E4M3),
   f16, 1, e4m3, RNE, INF, cuda, NONE)
FN("bfloat16raw_to_fp8.nosat.e4m3",
   __nv_cvt_bfloat16raw_to_fp8(B(a), __NV_NOSAT, __NV_E4M3),
   bf16, 1, e4m3, RNE, INF, cuda, NONE)
FN("double_to_fp8.nosat.e4m3",
   __nv_cvt_double_to_fp8(D(a), __NV_NOSAT, __NV_E4M3),
   f64, 1, e4m3, RNE, INF, cuda_quiet, NONE)
FN("float2_to_fp8x2.nosat.e4m3",
   __nv_cvt_float2_to_fp8x2(F2(a, b), __NV_NOSAT, __NV_E4M3),
   f32, 2, e4m3, RNE, INF, cuda, NONE)
FN("halfraw2_to_fp8x2.nosat.e4m3",
   __nv_cvt_halfraw2_to_fp8x2(H2(a, b), __NV_NOSAT, __NV_E4M3),
   f16, 2, e4m3, RNE, INF, cuda, NONE)
FN("bfloat16raw2_to_fp8x2.nosat.e4m3",
   __nv_cvt_bfloat16raw2_to_fp8x2(B2(a, b), __NV_NOSAT, __NV_E4M3),
   bf16, 2, e4m3, RNE, INF, cuda, NONE)
FN("double2_to_fp8x2.nosat.e4m3",
   __nv_cvt_double2_to_fp8x2(D2(a, b), __NV_NOSAT, __NV_E4M3),
   f64, 2, e4m3, RNE, INF, cuda_quiet, NONE)
FN("fp8_to_halfraw.e4m3", __nv_cvt_fp8_to_halfraw(C(a), __NV_E4M3),
   e4m3, 1, f16, RNE, DEFAULT, cuda, NONE)
FN("fp8x2_to_halfraw2.e4m3", __nv_cvt_fp8x2_to_halfraw2(S(a), __NV_E4M3),
   e4m3, 2, f16, RNE, DEFAULT, cuda, NONE)
FN("float_to_fp8.satfinite.e5m2",
   __nv_cvt_float_to_fp8(F(a), __NV_SATFINITE, __NV_E5M2),
   f32, 1, e5m2, RNE, SATURATE, cuda, NONE)
FN("halfraw_to_fp8.satfinite.e5m2",
   __nv_cvt_halfraw_to_fp8(H(a), __NV_SATFINITE, __NV_E5M2),
   f16, 1, e5m2, RNE, SATURATE, cuda, NONE)
FN("bfloat16raw_to_fp8.satfinite.e5m2",
   __nv_cvt_bfloat16raw_to_fp8(B(a), __NV_SATFINITE, __NV_E5M2),
   bf16, 1, e5m2, RNE, SATURATE, cuda, NONE)
FN("double_to_fp8.satfinite.e5m2",
   __nv_cvt_double_to_fp8(D(a), __NV_SATFINITE, __NV_E5M2),
   f64, 1, e5m2, RNE, SATURATE, cuda_quiet, NONE)
FN("float2_to_fp8x2.satfinite.e5m2",
   __nv_cvt_float2_to_fp8x2(F2(a, b), __NV_SATFINITE, __NV_E5M2),
   f32, 2, e5m2, RNE, SATURATE, cuda, NONE)
FN("halfraw2_to_fp8x2.satfinite.e5m2",
   __nv_cvt_halfraw2_to_fp8x2(H2(a, b), __NV_SATFINITE, __NV_E5M2),
   f16, 2, e5m2, RNE, SATURATE, cuda, NONE)
FN("bfloat16raw2_to_fp8x2.satfinite.e5m2",
   __nv_cvt_bfloat16raw2_to_fp8x2(B2(a, b), __NV_SATFINITE, __NV_E5M2),
   bf16, 2, e5m2, RNE, SATURATE, cuda, NONE)
FN("double2_to_fp8x2.satfinite.e5m2",
   __nv_cvt_double2_to_fp8x2(D2(a, b), __NV_SATFINITE, __NV_E5M2),
   f64, 2, e5m2, RNE, SATURATE, cuda_quiet, NONE)
FN("float_to_fp8.nosat.e5m2",
   __nv_cvt_float_to_fp8(F(a), __NV_NOSAT, __NV_E5M2),
   f32, 1, e5m2, RNE, INF, cuda, NONE)
FN("halfraw_to_fp8.nosat.e5m2",
   __nv_cvt_halfraw_to_fp8(H(a), __NV_NOSAT, __NV_E5M2),
   f16, 1, e5m2, RNE, INF, cuda, NONE)
FN("bfloat16raw_to_fp8.nosat.e5m2",
   __nv_cvt_bfloat16raw_to_fp8(B(a), __NV_NOSAT, __NV_E5M2),
   bf16, 1, e5m2, RNE, INF, cuda, NONE)
FN("double_to_fp8.nosat.e5m2",
   __nv_cvt_double_to_fp8(D(a), __NV_NOSAT, __NV_E5M2),
   f64, 1, e5m2, RNE, INF, cuda_quiet, NONE)
FN("float2_to_fp8x2.nosat.e5m2",
   __nv_cvt_float2_to_fp8x2(F2(a, b), __NV_NOSAT, __NV_E5M2),
   f32, 2, e5m2, RNE, INF, cuda, NONE)
FN("halfraw2_to_fp8x2.nosat.e5m2",
   __nv_cvt_halfraw2_to_fp8x2(H2(a, b), __NV_NOSAT, __NV_E5M2),
   f16, 2, e5m2, RNE, INF, cuda, NONE)
FN("bfloat16raw2_to_fp8x2.nosat.e5m2",
   __nv_cvt_bfloat16raw2_to_fp8x2(B2(a, b), __NV_NOSAT, __NV_E5M2),
   bf16, 2, e5m2, RNE, INF, cuda, NONE)
FN("double2_to_fp8x2.nosat.e5m2",
   __nv_cvt_double2_to_fp8x2(D2(a, b), __NV_NOSAT, __NV_E5M2),
   f64, 2, e5m2, RNE, INF, cuda_quiet, NONE)
FN("fp8_to_halfraw.e5m2", __nv_cvt_fp8_to_halfraw(C(a), __NV_E5M2),
   e5m2, 1, f16, RNE, DEFAULT, cuda, NONE)
FN("fp8x2_to_halfraw2.e5m2", __nv_cvt_fp8x2_to_halfraw2(S(a), __NV_E5M2),
   e5m2, 2, f16, RNE, DEFAULT, cuda, NONE)
FN("float_to_e8m0.satfinite.rz",
   __nv_cvt_float_to_e8m0(F(a), __NV_SATFINITE, cudaRoundZero),
   f32, 1, e8m0, RTZ, SATURATE, cuda, NONE)
FN("bfloat16raw_to_e8m0.satfinite.rz",
   __nv_cvt_bfloat16raw_to_e8m0(B(a), __NV_SATFINITE, cudaRoundZero),
   bf16, 1, e8m0, RTZ, SATURATE, cuda, NONE)
FN("double_to_e8m0.satfinite.rz",
   __nv_cvt_double_to_e8m0(D(a), __NV_SATFINITE, cudaRoundZero),
   f64, 1, e8m0, RTZ, SATURATE, cuda, NONE)
FN("float_to_e8m0.satfinite.rp",
   __nv_cvt_float_to_e8m0(F(a), __NV_SATFINITE, cudaRoundPosInf),
   f32, 1, e8m0, RU, SATURATE, cuda, NONE)
FN("bfloat16raw_to_e8m0.satfinite.rp",
   __nv_cvt_bfloat16raw_to_e8m0(B(a), __NV_SATFINITE, cudaRoundPosInf),
   bf16, 1, e8m0, RU, SATURATE, cuda, NONE)
FN("double_to_e8m0.satfinite.rp",
   __nv_cvt_double_to_e8m0(D(a), __NV_SATFINITE, cudaRoundPosInf),
   f64, 1, e8m0, RU, SATURATE, cuda, NONE)
FN("float_to_e8m0.nosat.rz",
   __nv_cvt_float_to_e8m0(F(a), __NV_NOSAT, cudaRoundZero),
   f32, 1, e8m0, RTZ, INF, cuda, NONE)
FN("bfloat16raw_to_e8m0.nosat.rz",
   __nv_cvt_bfloat16raw_to_e8m0(B(a), __NV_NOSAT, cudaRoundZero),
   bf16, 1, e8m0, RTZ, INF, cuda, NONE)
FN("double_to_e8m0.nosat.rz",
   __nv_cvt_double_to_e8m0(D(a), __NV_NOSAT, cudaRoundZero),
   f64, 1, e8m0, RTZ, IEEE, cuda, NONE)
FN("float_to_e8m0.nosat.rp",
   __nv_cvt_float_to_e8m0(F(a), __NV_NOSAT, cudaRoundPosInf),
   f32, 1, e8m0, RU, INF, cuda, NONE)
FN("bfloat16raw_to_e8m0.nosat.rp",
   __nv_cvt_bfloat16raw_to_e8m0(B(a), __NV_NOSAT, cudaRoundPosInf),
   bf16, 1, e8m0, RU, INF, cuda, NONE)
FN("double_to_e8m0.nosat.rp",
   __nv_cvt_double_to_e8m0(D(a), __NV_NOSAT, cudaRoundPosInf),
   f64, 1, e8m0, RU, INF, cuda, NONE)
FN("e8m0_to_bf16raw", __nv_cvt_e8m0_to_bf16raw(C(a)),
   e8m0, 1, bf16, RNE, DEFAULT, cuda, NONE)
/* cuda_fp6.h and cuda_fp4.h: integer code on this GPU, which has no such cvt */
FN("float_to_fp6.e2m3.rn",
   __nv_cvt_float_to_fp6(F(a), __NV_E2M3, cudaRoundNearest),
   f32, 1, e2m3, RNE, SATURATE, cuda, NONE)
FN("halfraw_to_fp6.e2m3.rn",
   __nv_cvt_halfraw_to_fp6(H(a), __NV_E2M3, cudaRoundNearest),
   f16, 1, e2m3, RNE, SATURATE, cuda, NONE)
FN("bfloat16raw_to_fp6.e2m3.rn",
   __nv_cvt_bfloat16raw_to_fp6(B(a), __NV_E2M3, cudaRoundNearest),
   bf16, 1, e2m3, RNE, SATURATE, cuda, NONE)
FN("double_to_fp6.e2m3.rn",
   __nv_cvt_double_to_fp6(D(a), __NV_E2M3, cudaRoundNearest),
   f64, 1, e2m3, RNE, SATURATE, cuda, NONE)
FN("float_to_fp6.e2m3.rz",
   __nv_cvt_float_to_fp6(F(a), __NV_E2M3, cudaRoundZero),
   f32, 1, e2m3, RTZ, SATURATE, cuda, NONE)
FN("halfraw_to_fp6.e2m3.rz",
   __nv_cvt_halfraw_to_fp6(H(a), __NV_E2M3, cudaRoundZero),
   f16, 1, e2m3, RTZ, SATURATE, cuda, NONE)
FN("bfloat16raw_to_fp6.e2m3.rz",
   __nv_cvt_bfloat16raw_to_fp6(B(a), __NV_E2M3, cudaRoundZero),
   bf16, 1, e2m3, RTZ, SATURATE, cuda, NONE)
FN("double_to_fp6.e2m3.rz",
   __nv_cvt_double_to_fp6(D(a), __NV_E2M3, cudaRoundZero),
   f64, 1, e2m3, RTZ, SATURATE, cuda, NONE)
FN("float2_to_fp6x2.e2m3.rn",
   __nv_cvt_float2_to_fp6x2(F2(a, b), __NV_E2M3, cudaRoundNearest),
   f32, 2, e2m3, RNE, SATURATE, cuda, NONE)
FN("halfraw2_to_fp6x2.e2m3.rn",
   __nv_cvt_halfraw2_to_fp6x2(H2(a, b), __NV_E2M3, cudaRoundNearest),
   f16, 2, e2m3, RNE, SATURATE, cuda, NONE)
FN("bfloat16raw2_to_fp6x2.e2m3.rn",
   __nv_cvt_bfloat16raw2_to_fp6x2(B2(a, b), __NV_E2M3, cudaRoundNearest),
   bf16, 2, e2m3, RNE, SATURATE, cuda, NONE)
FN("double2_to_fp6x2.e2m3.rn",
   __nv_cvt_double2_to_fp6x2(D2(a, b), __NV_E2M3, cudaRoundNearest),
   f64, 2, e2m3, RNE, SATURATE, cuda, NONE)
FN("fp6_to_halfraw.e2m3", __nv_cvt_fp6_to_halfraw(C(a), __NV_E2M3),
   e2m3, 1, f16, RNE, DEFAULT, cuda, NONE)
FN("fp6x2_to_halfraw2.e2m3", __nv_cvt_fp6x2_to_halfraw2(S(a), __NV_E2M3),
   e2m3, 2, f16, RNE, DEFAULT, cuda, NONE)
FN("float_to_fp6.e3m2.rn",
   __nv_cvt_float_to_fp6(F(a), __NV_E3M2, cudaRoundNearest),
   f32, 1, e3m2, RNE, SATURATE, cuda, NONE)
FN("halfraw_to_fp6.e3m2.rn",
   __nv_cvt_halfraw_to_fp6(H(a), __NV_E3M2, cudaRoundNearest),
   f16, 1, e3m2, RNE, SATURATE, cuda, NONE)
FN("bfloat16raw_to_fp6.e3m2.rn",
   __nv_cvt_bfloat16raw_to_fp6(B(a), __NV_E3M2, cudaRoundNearest),
   bf16, 1, e3m2, RNE, SATURATE, cuda, NONE)
FN("double_to_fp6.e3m2.rn",
   __nv_cvt_double_to_fp6(D(a), __NV_E3M2, cudaRoundNearest),
   f64, 1, e3m2, RNE, SATURATE, cuda, NONE)
FN("float_to_fp6.e3m2.rz",
   __nv_cvt_float_to_fp6(F(a), __NV_E3M2, cudaRoundZero),
   f32, 1, e3m2, RTZ, SATURATE, cuda, NONE)
FN("halfraw_to_fp6.e3m2.rz",
   __nv_cvt_halfraw_to_fp6(H(a), __NV_E3M2, cudaRoundZero),
   f16, 1, e3m2, RTZ, SATURATE, cuda, NONE)
FN("bfloat16raw_to_fp6.e3m2.rz",
   __nv_cvt_bfloat16raw_to_fp6(B(a), __NV_E3M2, cudaRoundZero),
   bf16, 1, e3m2, RTZ, SATURATE, cuda, NONE)
FN("double_to_fp6.e3m2.rz",
   __nv_cvt_double_to_fp6(D(a), __NV_E3M2, cudaRoundZero),
   f64, 1, e3m2, RTZ, SATURATE, cuda, NONE)
FN("float2_to_fp6x2.e3m2.rn",
   __nv_cvt_float2_to_fp6x2(F2(a, b), __NV_E3M2, cudaRoundNearest),
   f32, 2, e3m2, RNE, SATURATE, cuda, NONE)
FN("halfraw2_to_fp6x2.e3m2.rn",
   __nv_cvt_halfraw2_to_fp6x2(H2(a, b), __NV_E3M2, cudaRoundNearest),
   f16, 2, e3m2, RNE, SATURATE, cuda, NONE)
FN("bfloat16raw2_to_fp6x2.e3m2.rn",
   __nv_cvt_bfloat16raw2_to_fp6x2(B2(a, b), __NV_E3M2, cudaRoundNearest),
   bf16, 2, e3m2, RNE, SATURATE, cuda, NONE)
FN("double2_to_fp6x2.e3m2.rn",
   __nv_cvt_double2_to_fp6x2(D2(a, b), __NV_E3M2, cudaRoundNearest),
   f64, 2, e3m2, RNE, SATURATE, cuda, NONE)
FN("fp6_to_halfraw.e3m2", __nv_cvt_fp6_to_halfraw(C(a), __NV_E3M2),
   e3m2, 1, f16, RNE, DEFAULT, cuda, NONE)
FN("fp6x2_to_halfraw2.e3m2", __nv_cvt_fp6x2_to_halfraw2(S(a), __NV_E3M2),
   e3m2, 2, f16, RNE, DEFAULT, cuda, NONE)
FN("float_to_fp4.e2m1.rn",
   __nv_cvt_float_to_fp4(F(a), __NV_E2M1, cudaRoundNearest),
   f32, 1, e2m1, RNE, SATURATE, cuda, NONE)
FN("halfraw_to_fp4.e2m1.rn",
   __nv_cvt_halfraw_to_fp4(H(a), __NV_E2M1, cudaRoundNearest),
   f16, 1, e2m1, RNE, SATURATE, cuda, NONE)
FN("bfloat16raw_to_fp4.e2m1.rn",
   __nv_cvt_bfloat16raw_to_fp4(B(a), __NV_E2M1, cudaRoundNearest),
   bf16, 1, e2m1, RNE, SATURATE, cuda, NONE)
FN("double_to_fp4.e2m1.rn",
   __nv_cvt_double_to_fp4(D(a), __NV_E2M1, cudaRoundNearest),
   f64, 1, e2m1, RNE, SATURATE, cuda, NONE)
FN("float_to_fp4.e2m1.rz",
   __nv_cvt_float_to_fp4(F(a), __NV_E2M1, cudaRoundZero),
   f32, 1, e2m1, RTZ, SATURATE, cuda, NONE)
FN("halfraw_to_fp4.e2m1.rz",
   __nv_cvt_halfraw_to_fp4(H(a), __NV_E2M1, cudaRoundZero),
   f16, 1, e2m1, RTZ, SATURATE, cuda, NONE)
FN("bfloat16raw_to_fp4.e2m1.rz",
   __nv_cvt_bfloat16raw_to_fp4(B(a), __NV_E2M1, cudaRoundZero),
   bf16, 1, e2m1, RTZ, SATURATE, cuda, NONE)
FN("double_to_fp4.e2m1.rz",
   __nv_cvt_double_to_fp4(D(a), __NV_E2M1, cudaRoundZero),
   f64, 1, e2m1, RTZ, SATURATE, cuda, NONE)
FN("float2_to_fp4x2.e2m1.rn",
   __nv_cvt_float2_to_fp4x2(F2(a, b), __NV_E2M1, cudaRoundNearest),
   f32, 2, e2m1, RNE, SATURATE, cuda, NONE)
FN("halfraw2_to_fp4x2.e2m1.rn",
   __nv_cvt_halfraw2_to_fp4x2(H2(a, b), __NV_E2M1, cudaRoundNearest),
   f16, 2, e2m1, RNE, SATURATE, cuda, NONE)
FN("bfloat16raw2_to_fp4x2.e2m1.rn",
   __nv_cvt_bfloat16raw2_to_fp4x2(B2(a, b), __NV_E2M1, cudaRoundNearest),
   bf16, 2, e2m1, RNE, SATURATE, cuda, NONE)
FN("double2_to_fp4x2.e2m1.rn",
   __nv_cvt_double2_to_fp4x2(D2(a, b), __NV_E2M1, cudaRoundNearest),
   f64, 2, e2m1, RNE, SATURATE, cuda, NONE)
FN("fp4_to_halfraw.e2m1", __nv_cvt_fp4_to_halfraw(C(a), __NV_E2M1),
   e2m1, 1, f16, RNE, DEFAULT, cuda, NONE)
FN("fp4x2_to_halfraw2.e2m1", __nv_cvt_fp4x2_to_halfraw2(C(a), __NV_E2M1),
   e2m1, 2, f16, RNE, DEFAULT, cuda, NONE)

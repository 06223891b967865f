#include "claims.h"
static const ulp_claim rows[] = {
};
const ulp_claim_part ulp_claims_formats = {rows, 0};

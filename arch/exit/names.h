/* Names behind the numbers in exits; a NULL result means "not known". */
#ifndef ARCH_EXIT_NAMES_H
#define ARCH_EXIT_NAMES_H

#include <stdbool.h>
#include <stdint.h>

/* Basic exit reason (bits 15:0), SDM Vol 3D "VMX Basic Exit Reasons". */
const char *vmx_reason_name(uint32_t basic);

/* #VMEXIT code, APM Vol 2 "SVM Intercept Exit Codes". */
const char *svm_reason_name(uint64_t code);

/* SDM Vol 3C "VM Instruction Error Numbers". */
const char *vmx_instruction_error(uint32_t number);

/* "#PF"; NULL above 31 and for unassigned vectors. */
const char *exception_name(unsigned int vector);

/* "EFAULT" and what it means coming from KVM_RUN; NULL if it never should. */
const char *run_errno_name(int number);
const char *run_errno_meaning(int number);

#endif

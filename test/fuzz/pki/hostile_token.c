#include "hostile_token.h"

#include <string.h>

struct hostile hostile;

static uint8_t next(void) {
	if (!hostile.left) {
		return 0;
	}
	hostile.left--;
	return *hostile.bytes++;
}

/* Mostly small, now and then as large as it gets. */
static CK_ULONG number(void) {
	static const CK_ULONG odd[] = {
		CK_UNAVAILABLE_INFORMATION, (CK_ULONG)-2, (CK_ULONG)1 << 63, (CK_ULONG)1 << 40, 65536};
	uint8_t byte = next();
	return byte < 250 ? byte : odd[byte % 5];
}

static CK_RV result(void) {
	static const CK_RV results[] = {CKR_SESSION_HANDLE_INVALID, CKR_DEVICE_REMOVED, CKR_GENERAL_ERROR,
		CKR_BUFFER_TOO_SMALL, CKR_ATTRIBUTE_TYPE_INVALID, CKR_USER_NOT_LOGGED_IN};
	uint8_t byte = next();
	return byte >= 250 ? results[byte % 6] : CKR_OK;
}

static void fill(void *room, CK_ULONG size) {
	for (CK_ULONG i = 0; i < size && hostile.left; i++) {
		((uint8_t *)room)[i] = next();
	}
}

/* One byte in four is a lie; else the flag is what a key of ours has. */
static void flag(CK_ATTRIBUTE *attribute) {
	CK_BBOOL value = attribute->type != CKA_EXTRACTABLE;
	value = next() % 4 == 3 ? (CK_BBOOL)next() : value;
	if (attribute->ulValueLen >= sizeof value) {
		memcpy(attribute->pValue, &value, sizeof value);
	}
	attribute->ulValueLen = next() % 8 == 7 ? number() : sizeof value;
	hostile.let_out = attribute->type == CKA_EXTRACTABLE ? value != CK_FALSE || attribute->ulValueLen != sizeof value
	                                                     : hostile.let_out;
}

static bool is_flag(CK_ATTRIBUTE_TYPE type) {
	static const CK_ATTRIBUTE_TYPE flags[] = {
		CKA_TOKEN, CKA_PRIVATE, CKA_SENSITIVE, CKA_EXTRACTABLE, CKA_SIGN, CKA_ALWAYS_SENSITIVE, CKA_NEVER_EXTRACTABLE};
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
		if (flags[i] == type) {
			return true;
		}
	}
	return false;
}

static CK_RV get_attribute(
	CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *attributes, CK_ULONG count) {
	(void)session, (void)object;
	for (CK_ULONG i = 0; i < count; i++) {
		if (attributes[i].pValue && is_flag(attributes[i].type)) {
			flag(&attributes[i]);
		} else if (attributes[i].pValue) {
			fill(attributes[i].pValue, attributes[i].ulValueLen);
			attributes[i].ulValueLen = next() % 4 == 3 ? number() : attributes[i].ulValueLen;
		} else {
			attributes[i].ulValueLen = number();
		}
	}
	return result();
}

static CK_RV set_attribute(
	CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *attributes, CK_ULONG count) {
	(void)session, (void)object, (void)attributes, (void)count;
	return result();
}

static CK_RV find_init(CK_SESSION_HANDLE session, CK_ATTRIBUTE *attributes, CK_ULONG count) {
	(void)session, (void)attributes, (void)count;
	return result();
}

static CK_RV find(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects, CK_ULONG most, CK_ULONG *count) {
	(void)session;
	CK_ULONG got = number();
	for (CK_ULONG i = 0; i < most && i < got; i++) {
		objects[i] = i + 1;
	}
	*count = got;
	return result();
}

static CK_RV find_final(CK_SESSION_HANDLE session) {
	(void)session;
	return CKR_OK;
}

static CK_RV session_info(CK_SESSION_HANDLE session, CK_SESSION_INFO *info) {
	(void)session;
	*info = (CK_SESSION_INFO){.state = next() % 8 == 7 ? number() : CKS_RW_USER_FUNCTIONS};
	return result();
}

static CK_RV token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info) {
	(void)slot;
	fill(info, sizeof *info);
	return result();
}

static CK_RV slot_list(CK_BBOOL present, CK_SLOT_ID *slots, CK_ULONG *count) {
	(void)present;
	for (CK_ULONG i = 0; i < *count && i < 2; i++) {
		slots[i] = i;
	}
	*count = number();
	return result();
}

static CK_RV open_session(CK_SLOT_ID slot, CK_FLAGS flags, void *data, CK_NOTIFY notify, CK_SESSION_HANDLE *session) {
	(void)slot, (void)flags, (void)data, (void)notify;
	*session = number();
	return result();
}

static CK_RV login(CK_SESSION_HANDLE session, CK_USER_TYPE user, unsigned char *pin, CK_ULONG length) {
	(void)session, (void)user, (void)pin, (void)length;
	return result();
}

static CK_RV generate_pair(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *public,
	CK_ULONG public_count, CK_ATTRIBUTE *private, CK_ULONG private_count, CK_OBJECT_HANDLE *public_key,
	CK_OBJECT_HANDLE *private_key) {
	(void)session, (void)mechanism, (void)public, (void)public_count, (void)private, (void)private_count;
	*public_key = number();
	*private_key = number();
	return result();
}

static CK_RV destroy_object(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object) {
	(void)session, (void)object;
	return result();
}

static CK_RV sign_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key) {
	(void)session, (void)mechanism, (void)key;
	return result();
}

static CK_RV sign(
	CK_SESSION_HANDLE session, unsigned char *data, CK_ULONG length, unsigned char *out, CK_ULONG *out_length) {
	(void)session, (void)data, (void)length;
	CK_ULONG size = number();
	fill(out, size < *out_length ? size : *out_length);
	*out_length = size;
	return result();
}

CK_FUNCTION_LIST hostile_functions = {
	.C_GetSlotList = slot_list,
	.C_GetTokenInfo = token_info,
	.C_OpenSession = open_session,
	.C_CloseSession = find_final,
	.C_GetSessionInfo = session_info,
	.C_Login = login,
	.C_DestroyObject = destroy_object,
	.C_GetAttributeValue = get_attribute,
	.C_SetAttributeValue = set_attribute,
	.C_FindObjectsInit = find_init,
	.C_FindObjects = find,
	.C_FindObjectsFinal = find_final,
	.C_SignInit = sign_init,
	.C_Sign = sign,
	.C_GenerateKeyPair = generate_pair,
};

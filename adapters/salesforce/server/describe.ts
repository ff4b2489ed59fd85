import { type Field, OBJECTS, type ObjectType } from './schema.ts';

const SOAP: Readonly<Partial<Record<Field['type'], string>>> = {
  id: 'tns:ID',
  reference: 'tns:ID',
  boolean: 'xsd:boolean',
  int: 'xsd:int',
  double: 'xsd:double',
  currency: 'xsd:double',
  date: 'xsd:date',
  datetime: 'xsd:dateTime',
};

function summary(type: ObjectType, base: string) {
  return {
    name: type.name,
    label: type.label,
    labelPlural: `${type.label}s`,
    keyPrefix: type.prefix,
    custom: false,
    createable: true,
    updateable: true,
    deletable: true,
    queryable: true,
    retrieveable: true,
    searchable: true,
    undeletable: true,
    urls: {
      sobject: `${base}/sobjects/${type.name}`,
      describe: `${base}/sobjects/${type.name}/describe`,
      rowTemplate: `${base}/sobjects/${type.name}/{ID}`,
    },
  };
}

export function describeGlobal(base: string) {
  return {
    encoding: 'UTF-8',
    maxBatchSize: 200,
    sobjects: [...OBJECTS.values()].map((type) => summary(type, base)),
  };
}

export function describe(type: ObjectType, base: string) {
  return {
    ...summary(type, base),
    childRelationships: [],
    recordTypeInfos: [],
    fields: [...type.fields.values()].map((field) => ({
      name: field.name,
      label: field.label,
      type: field.type,
      soapType: SOAP[field.type] ?? 'xsd:string',
      length: field.length,
      byteLength: field.length * 3,
      precision: field.type === 'currency' || field.type === 'double' ? 18 : 0,
      scale: field.scale,
      nillable: field.nillable,
      createable: field.createable,
      updateable: field.updateable,
      defaultedOnCreate: field.defaulted !== undefined,
      unique: field.unique,
      externalId: field.externalId,
      idLookup: field.externalId || field.name === 'Id',
      custom: field.name.endsWith('__c'),
      calculated: false,
      filterable: true,
      sortable: true,
      restrictedPicklist: field.type === 'picklist',
      picklistValues: field.picklist.map((value) => ({
        value,
        label: value,
        active: true,
        defaultValue: value === field.defaulted,
        validFor: null,
      })),
      referenceTo: field.referenceTo === undefined ? [] : [field.referenceTo],
      relationshipName: field.type === 'reference' ? field.name.replace(/Id$/, '') : null,
    })),
  };
}

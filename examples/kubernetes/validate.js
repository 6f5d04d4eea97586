// SPDX-License-Identifier: MIT
// Objects of Kubernetes, held against the schemas of the npm package kubernetes-models, without a cluster:
//
//   NODE_PATH=DIRECTORY/node_modules node validate.js OBJECTS.json      # an array of objects
//
// As `kubectl apply` does, it refuses what no API server knows, which a schema alone lets pass: the fields are those of
// the package's types. Prints what is wrong, a line each; exit status 1 when there is something.
'use strict';
const fs = require('fs');
const path = require('path');

const models = path.dirname(require.resolve('kubernetes-models/package.json'));

// { fields: name -> type, file: type -> the file that declares it }
function declaration(file) {
    const text = fs.readFileSync(file, 'utf8');
    const files = {}, fields = {};
    for (const [, type, from] of text.matchAll(/import \{ (\w+) \} from "(.*)";/g))
        files[type] = from.startsWith('.') ? path.join(path.dirname(file), from) + '.d.ts'
            : path.join(models, '..', from) + '.d.ts';
    const body = text.match(/export interface \w+[^{]*\{\n([^]*?)\n\}/)[1];
    for (const [, name, type] of body.matchAll(/^ {4}"([^"]+)"\??: (.*)$/gm))
        fields[name] = (type.match(/IIo\w+/) || [])[0];
    return { files, fields };
}

function unknown(value, file, at) {
    if (Array.isArray(value))
        return value.flatMap((element, i) => unknown(element, file, `${at}[${i}]`));
    if (value === null || typeof value !== 'object')
        return [];
    const { files, fields } = declaration(file);
    return Object.entries(value).flatMap(([name, inner]) => !(name in fields) ? [`${at}.${name}: no such field`]
        : fields[name] && files[fields[name]] ? unknown(inner, files[fields[name]], `${at}.${name}`) : []);
}

let wrong = 0;
for (const object of JSON.parse(fs.readFileSync(process.argv[2], 'utf8'))) {
    const of = object.apiVersion.includes('/') ? object.apiVersion : `v1`;
    const name = `${object.kind} ${object.metadata.name}`;
    const errors = unknown(object, path.join(models, of, `${object.kind}.d.ts`), '');
    try {
        const Model = require(`kubernetes-models/${of}/${object.kind}`)[object.kind];
        new Model(object).validate();
    } catch (error) {
        errors.push(error.message);
    }
    for (const error of errors)
        console.log(`${name}: ${error}`);
    wrong += errors.length;
}
process.exit(wrong === 0 ? 0 : 1);
